// Tailwind's view of the design tokens. The values live once, as custom
// properties in views/assets/css/tokens.css; here they only get class names.
// views/assets/app.css loads this file with @config.
const token = (name) => `var(--${name})`;
const tokens = (...names) => Object.fromEntries(names.map((n) => [n, token(n)]));

/** @type {import('tailwindcss').Config} */
export default {
  content: ["./views/**/*.templ", "./views/assets/js/**/*.js"],
  theme: {
    colors: {
      transparent: "transparent",
      current: "currentColor",
      ...tokens(
        "canvas", "surface", "sunken", "raised", "line", "control",
        "ink", "ink-2", "ink-3",
        "accent", "accent-hover", "on-accent", "accent-soft",
        "ok", "ok-soft", "warn", "warn-soft", "bad", "bad-soft",
        "info", "info-soft", "hold", "hold-soft", "mute", "mute-soft",
      ),
    },
    screens: { xs: "480px", sm: "640px", md: "900px", lg: "1200px", xl: "1600px" },
    fontFamily: { sans: token("sans"), mono: token("mono") },
    fontSize: {
      12: ["0.75rem", "1.45"],
      13: ["0.8125rem", "1.45"],
      14: ["0.875rem", "1.45"],
      16: ["1rem", "1.25"],
      20: ["1.25rem", "1.25"],
      26: ["1.625rem", "1.25"],
    },
    fontWeight: { normal: "400", semibold: "600", bold: "700" },
    // Only these steps; Tailwind's numbers stay what people know (1 = 4 px).
    spacing: { 0: "0", px: "1px", 0.5: "2px", 1: "4px", 2: "8px", 3: "12px", 4: "16px", 6: "24px", 8: "32px", 12: "48px" },
    borderRadius: { none: "0", control: "4px", card: "6px", dialog: "10px", full: "999px" },
    boxShadow: { none: "none", popover: token("shadow-popover"), dialog: token("shadow-dialog") },
    zIndex: { content: "0", sticky: "10", rail: "20", drawer: "30", popover: "40", dialog: "50", toast: "60" },
    transitionDuration: { state: "120ms", move: "180ms" },
  },
};
