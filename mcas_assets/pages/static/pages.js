"use strict";
// Draws the charts, and lets the arrow keys walk through images. Pages say the same without it.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => {
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue("--ink").trim(), faint = style.getPropertyValue("--line").trim();
    return {
      background: "transparent", font: style.getPropertyValue("--font").trim(), view: { stroke: null },
      axis: { labelColor: ink, titleColor: ink, gridColor: faint, domainColor: faint, tickColor: faint, labelFontSize: 12,
              titleFontSize: 12, titleFontWeight: 500 },
      legend: { labelColor: ink, titleColor: ink }, mark: { tooltip: true },
    };
  };
  const tooltip = { theme: "plain", disableDefaultStyle: true };
  const draw = async () => {
    for (const figure of document.querySelectorAll("figure.chart")) {
      const spec = JSON.parse(figure.querySelector("script").textContent);
      const options = { actions: false, ast: true, renderer: "svg", defaultStyle: false, config: theme(), tooltip };
      await vegaEmbed(figure.querySelector(".canvas"), spec, options);
    }
    document.documentElement.dataset.drawn = "yes";
  };
  // On paper everything is open.
  const opened = [];
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details:not([open])")) { one.open = true; opened.push(one); }
  });
  addEventListener("afterprint", () => { for (const one of opened.splice(0)) one.open = false; });
  // What an address points to is not left folded up.
  const unfold = () => {
    const folded = document.getElementById(decodeURIComponent(location.hash.slice(1)))?.closest("details");
    if (folded && !folded.open) { folded.open = true; folded.scrollIntoView(); }
  };
  addEventListener("hashchange", unfold);
  unfold();
  const arrows = { ArrowRight: 1, ArrowLeft: -1 };
  document.addEventListener("keydown", (event) => {
    const gallery = event.target.closest?.(".gallery, .pairs");
    if (!gallery || !(event.key in arrows)) return;
    const links = [...gallery.querySelectorAll("a")];
    const next = links[links.indexOf(event.target) + arrows[event.key]];
    if (next) { next.focus(); event.preventDefault(); }
  });
  if (typeof vegaEmbed !== "undefined") {
    draw();
    dark.addEventListener("change", draw);
  }
})();
