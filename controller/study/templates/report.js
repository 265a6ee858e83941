"use strict";
// Each figure is drawn from the JSON beside it. Titles and labels come from Podium's figures, which escape what users typed.
for (const plot of document.querySelectorAll(".plot")) {
  const figure = JSON.parse(plot.nextElementSibling.textContent);
  Plotly.newPlot(plot, figure.data, figure.layout, {
    responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "",
    modeBarButtonsToRemove: ["sendDataToCloud"],
  });
}
