"use strict";
// Each figure is drawn from the JSON beside it. Titles and labels come from Podium's figures, which escape what users typed.
const draw = (plot) => {
  const figure = JSON.parse(plot.nextElementSibling.textContent);
  plot.drawnWidth = plot.clientWidth;
  Plotly.newPlot(plot, figure.data, { ...figure.layout, width: plot.drawnWidth }, {
    displaylogo: false, showSendToCloud: false, plotlyServerURL: "", modeBarButtonsToRemove: ["sendDataToCloud"],
  });
};
// Plotly's own `responsive` forgets the height.
const widths = new ResizeObserver((entries) => {
  for (const { target: plot } of entries) if (plot.clientWidth !== plot.drawnWidth) draw(plot);
});
for (const plot of document.querySelectorAll(".plot")) {
  draw(plot);
  widths.observe(plot);
}
