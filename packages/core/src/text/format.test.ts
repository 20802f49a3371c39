import { describe, expect, test } from 'vitest';
import { equal } from '../ir/canonical.ts';
import { Registry } from '../registry/registry.ts';
import { chunks } from '../verify/valid-fixture.ts';
import { format } from './format.ts';
import { parse } from './parse.ts';
import { print } from './print.ts';

const MESSY = `// A file.

//  Two kernels.
kernel   k( %a:buffer<u8,read> ,
   %n : u32 )workgroup( 8,1 , 1){


  %x = kernel.global_id{axis=x} // which one
  // before a branch
  control.if %c
    () {
      control.yield }  (  ) { // otherwise
 control.yield
    }
      %y: u32
  = arith.add %x, // the first
     %n
  kernel.launch %x,%y ,0x10:u32 {kernel=@k, list=[1: u32,"a" , 'b'],
    // inside
    element = array<u32,4>}


  control.return
  // at the end
}  kernel j() workgroup(1) {}
program p()->(y:u32) { control.return } // last
`;

describe('format', () => {
  test('lays out tokens and leaves comments, names and literals alone', () => {
    const once = format(MESSY);
    expect(once).toMatchInlineSnapshot(`
      "// A file.

      //  Two kernels.
      kernel k(%a: buffer<u8, read>, %n: u32) workgroup(8, 1, 1) {
        %x = kernel.global_id {axis = x} // which one
        // before a branch
        control.if %c () {
          control.yield
        } () { // otherwise
          control.yield
        }
        %y: u32 = arith.add %x, // the first
            %n
        kernel.launch %x, %y, 0x10: u32 {kernel = @k, list = [1: u32, "a", 'b'],
        // inside
            element = array<u32, 4>}

        control.return
        // at the end
      }

      kernel j() workgroup(1) {
      }

      program p() -> (y: u32) {
        control.return
      } // last
      "
    `);
    expect(format(once)).toBe(once);
  });

  test('what is printed is formatted', () => {
    const text = `${print(chunks())}\n`;
    expect(format(text)).toBe(text);
    expect(format(text.replace(/\n\s*/g, '\r\n'))).not.toContain('\r');
    const squeezed = text.replace(/^ +/gm, '').replaceAll(', ', ',').replaceAll(' = ', '=').replaceAll(': ', ':');
    expect(format(squeezed)).toBe(text);
    expect(equal(parse(format(squeezed), new Registry()), chunks())).toBe(true);
  });

  test('what does not follow the grammar is refused with every place; what is not registered is no matter', () => {
    expect(() => format('program p() {\n  a.b %\n  c.d }}\n', { file: 'a.slu' })).toThrow(expect.objectContaining({
      code: 'text/invalid', problems: [expect.objectContaining({ code: 'text/syntax' }), expect.objectContaining({ code: 'text/syntax' })],
    }) as Error);
    expect(format('program p() { %x = acme.op %nowhere, 1 }')).toBe('program p() {\n  %x = acme.op %nowhere, 1\n}\n');
  });
});
