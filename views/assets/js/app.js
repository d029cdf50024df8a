// The script of every page: htmx, its house rules, and one small module per
// behaviour. A module works through listeners on the document or on elements
// that carry its data-hp-… attribute, so that swapped markup needs no set-up.
// What few pages need is imported when the page shows it.
import "htmx.org/dist/htmx.esm.js";
import "./requests.js";
import "./focus.js";
import "./toast.js";
import "./switch.js";
import "./confirm.js";
import "./dialog.js";
import "./menu.js";
import "./copy.js";
import "./theme.js";
import "./password.js";
import "./shortcuts.js";
import "./lazy.js";
