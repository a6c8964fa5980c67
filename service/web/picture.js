/* The evidence as a graph picture that can be explored: nodes are terms, edges are statements. */
"use strict";
function readColours() {
  const style = getComputedStyle(document.documentElement);
  const get = (name) => style.getPropertyValue(name).trim();
  return { ink: get("--ink"), line: get("--line"), accent: get("--accent"), paper: get("--paper") };
}

const ROW = 34, COLUMN = 230;

/* Half the width of an edge's name, about: it stands off the node by that. */
const standOff = (edge) => 22 + [...edge.data("label")].reduce((sum, c) => sum + (c > "\u2e7f" ? 5.5 : 3), 0);

/* Lays the nodes out as a tree from `root`: one row a leaf, one column a step, so that no name lies on
   another. What hangs on no edge of the root gets a tree of its own below. */
function layOut(cy, root) {
  const seen = new Set();
  let row = 0;
  const place = (node, level) => {
    seen.add(node.id());
    const steps = node.connectedEdges().filter((e) => !seen.has(e.connectedNodes().difference(node).id()))
      .sort((a, b) => a.data("label").localeCompare(b.data("label")));
    const rows = [];
    steps.forEach((edge) => {
      const next = edge.connectedNodes().difference(node);
      if (next.empty() || seen.has(next.id())) return;
      edge.data("far", edge.target().id() === next.id() ? "target" : "source");
      rows.push(place(next, level + 1));
    });
    const y = rows.length ? (rows[0] + rows[rows.length - 1]) / 2 : row++ * ROW;
    node.position({ x: level * COLUMN, y });
    node.data("leaf", rows.length ? "no" : "yes");
    return y;
  };
  cy.edges().data("far", "");
  const byDegree = cy.nodes().sort((a, b) => b.degree() - a.degree());
  [root || byDegree[0], ...byDegree].forEach((node) => { if (node && !seen.has(node.id())) place(node, 0); });
  const box = cy.elements().boundingBox();
  const zoom = Math.min(1, (cy.width() - 32) / box.w);
  cy.container().style.height = box.h * zoom + 40 + "px";
  cy.resize();
  cy.zoom(zoom);
  cy.center();
}

function drawPicture(container, statements, fetchNeighbours) {
  const colours = readColours();
  const elements = new Map();
  const add = (s) => {
    for (const term of [s.subject, s.object]) {
      elements.set("n" + term.id, {
        group: "nodes",
        data: { id: "n" + term.id, label: shorten(term.label), iri: term.id, kind: term.kind },
      });
    }
    elements.set("e" + s.id, {
      group: "edges",
      data: { id: "e" + s.id, source: "n" + s.subject.id, target: "n" + s.object.id,
              label: s.predicate.label },
    });
  };
  const shorten = (text) => (text.length > 24 ? text.slice(0, 23) + "…" : text);
  statements.forEach(add);
  const cy = cytoscape({
    container,
    elements: [...elements.values()],
    wheelSensitivity: 0.3,
    style: [
      { selector: "node", style: {
        label: "data(label)", "font-size": 14, color: colours.ink, "text-wrap": "wrap",
        "text-max-width": 170, "text-valign": "bottom", "text-margin-y": 4,
        "background-color": colours.accent, width: 16, height: 16,
        "text-background-color": colours.paper, "text-background-opacity": 0.85 } },
      { selector: "node[leaf = 'yes']", style: { "text-valign": "center", "text-halign": "right",
        "text-margin-x": 5, "text-margin-y": 0, "text-wrap": "none" } },
      { selector: "node[kind = 'literal']", style: { shape: "round-rectangle",
        "background-color": colours.line } },
      { selector: "edge", style: {
        "font-size": 11, color: colours.ink, width: 1.2,
        "line-color": colours.line, "target-arrow-color": colours.line,
        "target-arrow-shape": "triangle", "curve-style": "bezier",
        "text-background-color": colours.paper, "text-background-opacity": 0.85 } },
      { selector: "edge[far = '']", style: { label: "data(label)", "text-rotation": "autorotate" } },
      { selector: "edge[far = 'target']", style: { "target-label": "data(label)", "target-text-offset": standOff } },
      { selector: "edge[far = 'source']", style: { "source-label": "data(label)", "source-text-offset": standOff } },
    ],
    layout: { name: "preset" },
    maxZoom: 2,
  });
  cy.on("tap", "node", async (event) => {
    const node = event.target;
    if (node.data("kind") === "literal" || node.data("open")) return;
    node.data("open", true);
    const before = new Set(elements.keys());
    (await fetchNeighbours(node.data("iri"))).forEach(add);
    const fresh = [...elements].filter(([id]) => !before.has(id)).map(([, e]) => e);
    cy.add(fresh);
    layOut(cy, node);
  });
  layOut(cy);
  return cy;
}
