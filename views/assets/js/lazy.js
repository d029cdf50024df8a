// Modules that few pages need are fetched when their attribute appears. A
// module that fails to load leaves the plain control working.
const soon = (selector, load) => {
  let loaded;
  return () => {
    if (!loaded && document.querySelector(selector)) loaded = load().catch(() => (loaded = null));
  };
};

const wanted = [
  soon("[data-hp-reorder]", () => import("./reorder.js")),
  soon("[data-hp-chart]", () => import("./chart.js")),
  soon("[data-hp-live]", () => import("./live.js")),
  soon("[data-hp-rows]", () => import("./rows.js")),
  soon("[data-hp-api-docs]", () => import("./api-docs.js")),
  soon("[data-hp-ctrl]", () => import("./build.js")),
];

// The editor is large: it comes when its place is near the window.
let editor;
const near = new IntersectionObserver(
  (entries) => {
    if (!entries.some((e) => e.isIntersecting)) return;
    near.disconnect();
    import("./editor.js").catch(() => {});
  },
  { rootMargin: "400px" },
);

const look = () => {
  for (const load of wanted) load();
  const found = document.querySelector("hog-editor:not([data-awake])");
  if (found && found !== editor) near.observe((editor = found));
};
document.addEventListener("htmx:after:process", look);
look();
