/* The evidence as a graph picture that can be explored: nodes are terms, edges are statements. */
"use strict";
function readColours() {
  const style = getComputedStyle(document.documentElement);
  const get = (name) => style.getPropertyValue(name).trim();
  return { ink: get("--ink"), line: get("--line"), accent: get("--accent"), paper: get("--paper") };
}

const LAYOUT = { name: "cose", animate: false, padding: 24, idealEdgeLength: () => 70, nodeOverlap: 30,
  nodeRepulsion: () => 60000 };

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
        "text-max-width": 120, "text-valign": "bottom", "text-margin-y": 4,
        "background-color": colours.accent, width: 16, height: 16,
        "text-background-color": colours.paper, "text-background-opacity": 0.85 } },
      { selector: "node[kind = 'literal']", style: { shape: "round-rectangle",
        "background-color": colours.line } },
      { selector: "edge", style: {
        label: "data(label)", "font-size": 11, color: colours.ink, width: 1.2,
        "line-color": colours.line, "target-arrow-color": colours.line,
        "target-arrow-shape": "triangle", "curve-style": "bezier", "text-rotation": "autorotate",
        "text-background-color": colours.paper, "text-background-opacity": 0.85 } },
    ],
    layout: LAYOUT,
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
    cy.layout({ ...LAYOUT, randomize: false }).run();
  });
  return cy;
}
