// data-hp-api-docs="address" shows the OpenAPI document of that address, with
// forms that send real requests. Whoever is signed in needs no key: the
// session's cookie goes along, and the token that changes need.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

// Its dark colours hang on a class; ours on an attribute that may change.
const root = document.documentElement;
const dim = matchMedia("(prefers-color-scheme: dark)");
const paint = () => root.classList.toggle("dark-mode", root.dataset.theme === "dark" || (root.dataset.theme !== "light" && dim.matches));
new MutationObserver(paint).observe(root, { attributeFilter: ["data-theme"] });
dim.addEventListener("change", paint);
paint();

// The page has a heading, a main part and a loading line of its own, so the
// renderer's frame is left out.
const ours = ({ React: { createElement: el } }) => ({
  components: {
    Endpoints: ({ getComponent, specSelectors }) => {
      const state = specSelectors.loadingStatus();
      if (state !== "success") {
        const text = state === "failed" ? "The description of the API could not be read. Reload the page to try again." : "Loading the description of the API …";
        return el("p", { role: "status" }, text);
      }
      const parts = [getComponent("SvgAssets"), getComponent("AuthorizeBtnContainer", true), getComponent("FilterContainer", true), getComponent("operations", true), getComponent("Models", true)];
      return el("div", { className: "swagger-ui" }, ...parts.map((part) => el(part)));
    },
  },
});

const place = document.querySelector("[data-hp-api-docs]");
const token = document.querySelector('meta[name="csrf-token"]')?.content;

SwaggerUI({
  url: place.dataset.hpApiDocs,
  domNode: place,
  plugins: [ours],
  layout: "Endpoints",
  deepLinking: false,
  docExpansion: "list",
  filter: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  requestInterceptor: (request) => {
    if (token && request.method !== "GET") request.headers["X-CSRFToken"] = token;
    return request;
  },
  onComplete: () => place.removeAttribute("aria-busy"),
});
