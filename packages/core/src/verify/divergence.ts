/**
 * What may differ between the invocations of a workgroup, as a graph: its nodes are values and points of control, an
 * edge says that if the one differs, so may the other. Each edge is followed at most once, so finding all that differs
 * takes time linear in the size of the graph, whatever loops it describes.
 */
export class DivergenceGraph {
  #nodes: number;
  /** For each node: 0 for not known to differ, -1 for one that never does, else 1 + the node that it has it from, or its own. */
  #state: Int32Array<ArrayBuffer>;
  /** The newest edge of each node, 0 for none. Edges of nodes that are known to differ, or never to, are not kept. */
  #first: Int32Array<ArrayBuffer>;
  /** For each edge, its target and the next edge of the same node. Edge 0 is none. */
  #edges = new Int32Array(2048);
  #edgeCount = 1;
  /** Nodes that differ and have edges that were not followed yet. */
  readonly #pending: number[] = [];

  constructor(nodes: number) {
    this.#nodes = nodes;
    const room = nodes + (nodes >> 2) + 64;
    this.#state = new Int32Array(room);
    this.#first = new Int32Array(room);
  }

  addNode(): number {
    if (this.#nodes === this.#state.length) {
      this.#state = grown(this.#state);
      this.#first = grown(this.#first);
    }
    return this.#nodes++;
  }

  /** If `from` differs, so may `to`. */
  addEdge(from: number, to: number): void {
    if (this.#state[to] !== 0) return;
    const state = this.#state[from] as number;
    if (state < 0) return;
    if (state > 0) return this.#mark(to, from);
    const at = this.#edgeCount * 2;
    if (at === this.#edges.length) this.#edges = grown(this.#edges);
    this.#edges[at] = to;
    this.#edges[at + 1] = this.#first[from] as number;
    this.#first[from] = this.#edgeCount++;
  }

  /** `node` differs of itself. */
  addSource(node: number): void {
    if (this.#state[node] === 0) this.#mark(node, node);
  }

  /** `node` never differs. */
  addUniform(node: number): void {
    if (this.#state[node] === 0) this.#state[node] = -1;
  }

  /** Finds all that differs; then `differs` and `cause` answer. */
  solve(): void {
    for (let node = this.#pending.pop(); node !== undefined; node = this.#pending.pop()) {
      for (let edge = this.#first[node] as number; edge !== 0; edge = this.#edges[edge * 2 + 1] as number) {
        const target = this.#edges[edge * 2] as number;
        if (this.#state[target] === 0) this.#mark(target, node);
      }
    }
  }

  differs(node: number): boolean {
    return (this.#state[node] as number) > 0;
  }

  /** The nodes on a way from `node`, which differs, back to a source, both included. */
  cause(node: number): readonly number[] {
    const way = [node];
    for (let at = node; ; ) {
      const from = (this.#state[at] as number) - 1;
      if (from === at || from < 0) return way;
      way.push(from);
      at = from;
    }
  }

  #mark(node: number, from: number): void {
    this.#state[node] = from + 1;
    if (this.#first[node] !== 0) this.#pending.push(node);
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
