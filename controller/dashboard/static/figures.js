// Draws plotly figures that the server made, in the page's colours. plotly.js is large: it is fetched with the first
// figure that comes into view, and the figures of a page that changes are asked for again, the visible ones only.
"use strict";
(() => {
  const own = document.currentScript.dataset;
  const AGAIN_MS = 5000;
  const HEIGHT = 380;
  const SMALL_HEIGHT = 240;
  const LETTER_WIDTH = 6.5; // of a subtitle, on average
  const LINE_HEIGHT = 18;
  let plotly = null;

  // plotly.js writes some style attributes as text, which the policy forbids; through the object model they are allowed.
  const setAttribute = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) {
    if (name === "style" && this.style) this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };

  const loaded = () => {
    plotly ??= new Promise((resolve, reject) => {
      for (const id of own.styles.split(" ").filter(Boolean)) {
        const placeholder = document.createElement("template");
        placeholder.id = id;
        document.head.append(placeholder);
      }
      const script = document.createElement("script");
      script.src = own.plotly;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
    return plotly;
  };

  const asked = async (url) => {
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    if (answer.ok) return answer.json();
    const words = (await answer.json().catch(() => ({}))).detail ?? `the answer was HTTP ${answer.status}`;
    throw Object.assign(new Error(words), { isBusy: answer.status === 503 });
  };

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const resolved = (name) => {
    const probe = document.getElementById("theme-probe") ?? document.body.appendChild(Object.assign(document.createElement("span"), { id: "theme-probe", hidden: true }));
    probe.style.color = colour(name);
    return getComputedStyle(probe).color;
  };

  // The figure's own colours of data stay; paper, writing and grid are the page's.
  const themed = (layout, height) => {
    const [ink, line, paper] = [resolved("--ink"), resolved("--line"), resolved("--raised")];
    const dressed = { ...layout, height: layout.height ?? height, autosize: true, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" };
    delete dressed.width;
    dressed.font = { ...layout.font, color: ink };
    dressed.hoverlabel = { ...layout.hoverlabel, bgcolor: paper, bordercolor: line, font: { color: ink } };
    dressed.legend = { ...layout.legend, bgcolor: "rgba(0,0,0,0)", font: { ...layout.legend?.font, color: ink } };
    dressed.margin = { l: 60, r: 20, t: 20, b: 50, ...layout.margin };
    dressed.colorway = layout.colorway ?? ["--one", "--two", "--three", "--four", "--five"].map(resolved);
    for (const axis of new Set(["xaxis", "yaxis", ...Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key))])) {
      dressed[axis] = { ...layout[axis], color: ink, gridcolor: line, zerolinecolor: line, linecolor: line, tickcolor: line, automargin: true };
    }
    return dressed;
  };

  // The lines below a title are broken for a wide page; here they are broken anew for the place that there is.
  const fitted = (layout, width) => {
    const words = layout.title?.subtitle?.text?.replaceAll("<br>", " ").split(" ");
    if (!words) return layout;
    const lines = [""];
    for (const word of words) {
      const line = `${lines.at(-1)} ${word}`.trim();
      if (line.length * LETTER_WIDTH > width - 2 * (layout.margin?.l ?? 0)) lines.push(word);
      else lines[lines.length - 1] = line;
    }
    const more = LINE_HEIGHT * (lines.length - layout.title.subtitle.text.split("<br>").length);
    return {
      ...layout,
      title: { ...layout.title, subtitle: { ...layout.title.subtitle, text: lines.join("<br>") } },
      margin: { ...layout.margin, t: (layout.margin?.t ?? 0) + more },
      height: layout.height && layout.height + Math.max(0, more),
    };
  };

  // A phone that is turned, a window that is drawn wider: plotly's own `responsive` forgets the height, and breaks no lines anew.
  const widths = new ResizeObserver((entries) => {
    for (const { target: place } of entries) if (place.figure && place.clientWidth !== place.drawnWidth) draw(place, place.figure);
  });

  const draw = async (place, figure) => {
    await loaded();
    const how = place.drawnWidth === place.clientWidth ? Plotly.react : Plotly.newPlot; // react keeps the legend's old room
    place.drawnWidth = place.clientWidth;
    place.figure = figure;
    place.previousElementSibling.classList.toggle("hidden", Boolean(figure.layout?.title?.text)); // it is in the picture
    const height = place.closest(".small") ? SMALL_HEIGHT : HEIGHT;
    const layout = { ...themed(fitted(figure.layout ?? {}, place.drawnWidth), height), width: place.drawnWidth };
    await how(place, figure.data, layout, { displayModeBar: false, displaylogo: false, scrollZoom: false });
    widths.observe(place);
  };

  const frame = (container, name, title) => {
    const found = [...container.children].find((each) => each.dataset.name === name);
    if (found) return found;
    const made = document.createElement("figure");
    made.dataset.name = name;
    const caption = document.createElement("figcaption");
    caption.textContent = title ?? name;
    const place = document.createElement("div");
    place.className = "plot";
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", caption.textContent);
    made.append(caption, place);
    container.append(made);
    return made;
  };
  const say = (made, words) => {
    let line = made.querySelector(".hint");
    if (!line) made.append((line = Object.assign(document.createElement("p"), { className: "hint" })));
    line.textContent = words;
  };

  // What takes longer than the time between two askings is not asked for twice at once: once more, afterwards.
  const inTurn = async (place, ask) => {
    if (place.isAsked) { place.isAskedAgain = true; return; }
    place.isAsked = true;
    try { await ask(); } finally { place.isAsked = false; }
    if (place.isAskedAgain) { place.isAskedAgain = false; await inTurn(place, ask); }
  };

  const refresh = (made) => inTurn(made, async () => {
    try {
      await draw(made.querySelector(".plot"), await asked(made.dataset.url));
      say(made, "");
    } catch (error) {
      say(made, `This figure cannot be drawn now: ${error.message}`);
      if (error.isBusy) setTimeout(() => refresh(made), AGAIN_MS);
    }
  });
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      entry.target.isSeen = entry.isIntersecting;
      if (entry.isIntersecting && entry.target.isStale) {
        entry.target.isStale = false;
        refresh(entry.target);
      }
    }
  }, { rootMargin: "200px" });

  // A list names figures, each of which is asked for when it comes into view.
  const list = async (container) => {
    const most = Number(container.dataset.most ?? Infinity);
    const answer = await asked(container.dataset.list);
    for (const each of answer.figures.slice(0, most)) {
      const made = frame(container, each.name, each.title);
      made.dataset.url = `${container.dataset.list}/${encodeURIComponent(each.name)}`;
      made.isStale = true;
      if (made.isSeen) { made.isStale = false; refresh(made); } else seen.observe(made);
    }
  };
  // A set is all of its figures in one answer.
  const set = async (container) => {
    for (const [name, figure] of Object.entries(await asked(container.dataset.set))) {
      await draw(frame(container, name).querySelector(".plot"), figure);
    }
  };

  const show = (container) => {
    inTurn(container, () => (container.dataset.list ? list(container) : set(container))).then(
      () => { if (!container.children.length) say(container, "Nothing to draw yet."); else container.querySelector(":scope > .hint")?.remove(); },
      (error) => say(container, error.message),
    );
  };
  const showAll = (root) => root.querySelectorAll(".figures").forEach(show);

  let waiting = null;
  document.addEventListener("DOMContentLoaded", () => {
    showAll(document);
    document.body.addEventListener("podium:changed", () => {
      waiting ??= setTimeout(() => { waiting = null; showAll(document); }, AGAIN_MS);
    });
    document.body.addEventListener("htmx:afterSwap", (event) => event.target.id === "results" && showAll(event.target));
  });
  document.addEventListener("podium:theme", () => {
    document.querySelectorAll(".plot").forEach((place) => place.figure && draw(place, place.figure));
  });
})();
