"""A graph of boxes and arrows as SVG: in each box a formula, room for its value and for its gradient."""

from sheet import Graph, Node, number

WIDTH, HEIGHT = 27, 16  # of a box, in millimetres
ACROSS, DOWN = 8, 4  # between two boxes


def drawing(graph: Graph, answers: bool) -> str:
    by_name = {node.name: node for node in graph.nodes}
    arrows = [_arrow(by_name[name], node) for node in graph.nodes for name in node.inputs]
    boxes = [_box(node, graph, answers) for node in graph.nodes]
    width, height = (max(_corner(node)[axis] for node in graph.nodes) + (WIDTH, HEIGHT)[axis] + 1 for axis in (0, 1))
    head = f'<svg viewBox="-1 -1 {width + 1:g} {height + 1:g}" style="width: {width + 1:g}mm" role="img">'
    tip = (
        '<defs><marker id="tip" viewBox="0 0 6 6" refX="6" refY="3" markerWidth="6" markerHeight="6" orient="auto">'
        '<path d="M0 0 L6 3 L0 6 z"/></marker></defs>'
    )
    return "\n".join([head, tip, *arrows, *boxes, "</svg>"])


def _corner(node: Node) -> tuple[float, float]:
    column, row = node.place
    return column * (WIDTH + ACROSS), row * (HEIGHT + DOWN)


def _arrow(source: Node, target: Node) -> str:
    (x1, y1), (x2, y2) = _corner(source), _corner(target)
    x1, y1, y2 = x1 + WIDTH, y1 + HEIGHT / 2, y2 + HEIGHT / 2
    y2 += max(-1, min(1, (y1 - y2) / 20)) * HEIGHT / 3  # arrows from above arrive higher up
    return f'<path class="arrow" d="M{x1:g} {y1:g} L{x2:g} {y2:g}" marker-end="url(#tip)"/>'


def _box(node: Node, graph: Graph, answers: bool) -> str:
    x, y = _corner(node)
    is_last = node is graph.nodes[-1]
    value = number(node.value) if answers or node.given else ""
    gradient = number(node.gradient) if answers or is_last or node.name == graph.done else ""
    half, cells = WIDTH / 2, y + 6
    return "\n".join(
        [
            f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}"/>',
            f'<path d="M{x:g} {cells:g} h{WIDTH} M{x + half:g} {cells:g} v{HEIGHT - 6}"/>',
            f'<text class="formula" x="{x + half:g}" y="{y + 4.3:g}">{node.formula}</text>',
            f'<text class="caption" x="{x + 1:g}" y="{cells + 2.4:g}">value</text>',
            f'<text class="caption" x="{x + half + 1:g}" y="{cells + 2.4:g}">gradient</text>',
            f'<text x="{x + half / 2:g}" y="{cells + 7.6:g}">{value}</text>',
            f'<text x="{x + 1.5 * half:g}" y="{cells + 7.6:g}">{gradient}</text>',
        ]
    )
