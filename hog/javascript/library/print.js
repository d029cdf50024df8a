// The print form of values, and what makes text of them.

function __name(name) {
    if (/^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name)) return name;
    return "`" + __escape(name, "`").replace(/`/g, "``") + "`";
}

function __escape(text, quote) {
    const marks = { "\b": "\\b", "\f": "\\f", "\r": "\\r", "\n": "\\n", "\t": "\\t", "\0": "\\0", "\v": "\\v", "\\": "\\\\" };
    let out = "";
    for (const c of text) {
        if (marks[c]) out += marks[c];
        else if (c === quote && quote === "'") out += "\\'";
        else out += c;
    }
    return out;
}

function __functionText(fn) {
    const plain = fn.name.replace(/^__x_(\d+\$)?/, "").replace(/\$([0-9a-f]+)\$/g, (_, code) => String.fromCodePoint(parseInt(code, 16)));
    const name = plain || "lambda";
    return "fn<" + __name(name) + "(" + fn.length + ")>";
}

function __print(v, open) {
    if (v === null || v === undefined) return "null";
    if (typeof v === "string") return "'" + __escape(v, "'") + "'";
    if (typeof v === "function") return __functionText(v);
    if (typeof v !== "object") return String(v);
    if (v.__hogDate__) return "Date(" + v.year + ", " + v.month + ", " + v.day + ")";
    if (v.__hogDateTime__) {
        const seconds = String(v.dt);
        return "DateTime(" + seconds + (seconds.includes(".") ? "" : ".0") + ", '" + __escape(v.zone, "'") + "')";
    }
    if (open.includes(v)) return "null";
    return __printContainer(v, open.concat([v]));
}

function __printContainer(v, open) {
    if (v.__hogError__) {
        const payload = v.payload === null || v.payload === undefined ? "" : ", " + __print(v.payload, open);
        return v.type + "(" + __print(v.message, open) + payload + ")";
    }
    if (Array.isArray(v)) {
        const inside = Array.from(v, (e) => __print(e, open)).join(", ");
        if (!v.__isHogTuple) return "[" + inside + "]";
        return (v.length < 2 ? "tuple(" : "(") + inside + ")";
    }
    return "{" + Object.keys(v).map((k) => __print(k, open) + ": " + __print(v[k], open)).join(", ") + "}";
}

function print(...args) {
    console.log(args.map((v) => (typeof v === "string" ? v : __print(v, []))).join(" "));
    return null;
}

function toString(value) {
    if (typeof value === "string") return value;
    if (value && value.__hogDate__) return value.year + "-" + __pad(value.month, 2) + "-" + __pad(value.day, 2);
    if (value && value.__hogDateTime__) return __isoText(value);
    return __print(value, []);
}

function __pad(n, width) {
    return String(n).padStart(width, "0");
}

function __isoText(v) {
    const ms = Math.floor(v.dt * 1000);
    const offset = __zoneOffset(ms, v.zone);
    const wall = new Date(ms + offset);
    if (Number.isNaN(wall.getTime())) return null;
    return wall.toISOString().slice(0, -1) + (offset === 0 ? "Z" : __offsetText(offset, ":"));
}

function __offsetText(offset, colon) {
    const minutes = Math.abs(Math.trunc(offset / 60000));
    return (offset < 0 ? "-" : "+") + __pad(Math.floor(minutes / 60), 2) + colon + __pad(minutes % 60, 2);
}

function toUUID(value) {
    return toString(value);
}

function concat(...args) {
    return args.map((v) => {
        if (v === null || v === undefined) return "";
        const text = toString(v);
        return text === null ? "" : text;
    }).join("");
}

function __x_typeof(value) {
    if (value === null || value === undefined) return "null";
    if (typeof value === "number") return Number.isInteger(value) ? "integer" : "float";
    if (typeof value !== "object") return typeof value;
    if (Array.isArray(value)) return value.__isHogTuple ? "tuple" : "array";
    if (value.__hogDate__) return "date";
    if (value.__hogDateTime__) return "datetime";
    if (value.__hogError__) return "error";
    return Object.prototype.hasOwnProperty.call(value, "__hx_ast") ? "sql" : "object";
}

function __newError(type, message, payload) {
    const error = new Error("");
    error.message = message ? message : "An error occurred";
    error.__hogError__ = true;
    error.type = type;
    error.payload = payload === undefined ? null : payload;
    return error;
}

function __x_Error(message, payload) {
    return __newError("Error", message, payload);
}

function RetryError(message, payload) {
    return __newError("RetryError", message, payload);
}

function NotImplementedError(message, payload) {
    return __newError("NotImplementedError", message, payload);
}

function HogError(type, message, payload) {
    return __newError(type ? __text(type) : "Error", message, payload);
}
