import type { Body, Kernel, Op, Program, Region, ValueId } from '../ir/program.ts';

/**
 * A program or kernel as a graph for Graphviz: a box for each op, a cluster for each body and region, an edge from what
 * makes a value to each op that uses it.
 */
export function toDot(ir: Program | Kernel): string {
  const graph = new Graph();
  for (const kernel of ir.kind === 'program' ? ir.kernels : []) graph.body(kernel, kernel.body);
  graph.body(ir, ir.body);
  return `digraph ${label(ir.name)} {\n  node [shape=box, fontname=monospace];\n${graph.text}}\n`;
}

class Graph {
  text = '';
  #nodes = 0;
  #clusters = 0;

  body(owner: Program | Kernel, body: Body): void {
    const edges: string[] = [];
    const makers = new Map<ValueId, string>();
    const params = body.region.args.map((id, i) => [id, owner.params[i]?.name ?? String(id)] as const);
    this.#cluster(`${owner.kind} ${owner.name}`, '  ', (indent) => {
      for (const [id, name] of params) makers.set(id, this.#node(`%${name}`, indent, ', style=rounded'));
      this.#ops(body, body.region, indent, makers, edges);
    });
    this.text += edges.join('');
  }

  #ops(body: Body, region: Region, indent: string, makers: Map<ValueId, string>, edges: string[]): void {
    for (const op of region.ops) {
      const node = this.#node(idOf(body, op), indent, '');
      for (const operand of op.operands) edges.push(`  ${makers.get(operand) ?? node} -> ${node};\n`);
      for (const result of op.results) makers.set(result, node);
      for (const [i, inner] of op.regions.entries()) {
        this.#cluster(`${idOf(body, op)} ${i}`, indent, (deeper) => {
          for (const arg of inner.args) makers.set(arg, this.#node(`%${body.debug.names.get(arg) ?? arg}`, deeper, ', style=rounded'));
          this.#ops(body, inner, deeper, makers, edges);
        });
      }
    }
  }

  #node(text: string, indent: string, style: string): string {
    const name = `n${this.#nodes++}`;
    this.text += `${indent}${name} [label=${label(text)}${style}];\n`;
    return name;
  }

  #cluster(text: string, indent: string, fill: (indent: string) => void): void {
    this.text += `${indent}subgraph cluster_${this.#clusters++} {\n${indent}  label=${label(text)};\n`;
    fill(`${indent}  `);
    this.text += `${indent}}\n`;
  }
}

function idOf(body: Body, op: Op): string {
  return body.opNames[op.name] ?? '?';
}

/** A quoted string of Graphviz: a backslash stands for itself. */
function label(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replace(/\s/g, ' ')}"`;
}
