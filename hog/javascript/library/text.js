// Text, patterns and encodings.

function __textOrNull(v, name) {
    if (v === null || v === undefined || typeof v === "string") return v === undefined ? null : v;
    throw new Error("Function " + name + " expects a string, got " + __x_typeof(v));
}

function length(value) {
    return typeof value === "string" || Array.isArray(value) ? value.length : null;
}

function empty(value) {
    if (value === null || value === undefined || value === "") return true;
    if (Array.isArray(value)) return value.length === 0;
    return __isDict(value) && Object.keys(value).length === 0;
}

function notEmpty(value) {
    return !empty(value);
}

function lower(text) {
    const s = __textOrNull(text, "lower");
    return s === null ? null : s.toLowerCase();
}

function upper(text) {
    const s = __textOrNull(text, "upper");
    return s === null ? null : s.toUpperCase();
}

function reverse(text) {
    const s = __textOrNull(text, "reverse");
    return s === null ? null : s.split("").reverse().join("");
}

function __trim(text, character, left, right) {
    const c = character === null || character === undefined ? " " : __text(character);
    if (c.length !== 1) return "";
    if (text === null) return null;
    let from = 0;
    let to = text.length;
    while (left && from < to && text[from] === c) from++;
    while (right && to > from && text[to - 1] === c) to--;
    return text.slice(from, to);
}

function trim(text, character) {
    return __trim(__textOrNull(text, "trim"), character, true, true);
}

function trimLeft(text, character) {
    return __trim(__textOrNull(text, "trimLeft"), character, true, false);
}

function trimRight(text, character) {
    return __trim(__textOrNull(text, "trimRight"), character, false, true);
}

function replaceOne(text, search, replacement) {
    const s = __textOrNull(text, "replaceOne");
    return s === null ? null : s.replace(__text(search), __text(replacement));
}

function replaceAll(text, search, replacement) {
    const s = __textOrNull(text, "replaceAll");
    return s === null ? null : s.replaceAll(__text(search), __text(replacement));
}

function position(text, needle, start) {
    return typeof text === "string" ? text.indexOf(__text(needle)) + 1 : 0;
}

function positionCaseInsensitive(text, needle, start) {
    return typeof text === "string" ? text.toLowerCase().indexOf(__text(needle).toLowerCase()) + 1 : 0;
}

function splitByString(separator, text, max) {
    const s = __textOrNull(text, "splitByString");
    if (s === null) return null;
    const limit = max === null || max === undefined ? undefined : __number(max) >>> 0;
    return separator === null || separator === undefined ? [s].slice(0, limit) : s.split(__text(separator), limit);
}

function substring(text, start, size) {
    const from = __number(start);
    if (typeof text !== "string" || !(from >= 1) || from > text.length) return "";
    if (size === null || size === undefined) return text.slice(Math.trunc(from) - 1);
    const n = __number(size);
    return n >= 0 ? text.slice(Math.trunc(from) - 1, Math.trunc(from) - 1 + Math.trunc(n)) : "";
}

function startsWith(text, prefix) {
    return typeof text === "string" && typeof prefix === "string" && text.startsWith(prefix);
}

function __likes(text, pattern, flags) {
    let source = "";
    for (const c of __text(pattern)) {
        if (c === "%") source += "[^\\n]*";
        else if (c === "_") source += "[^\\n]";
        else source += "\\^$*+?.()|[]{}/".includes(c) ? "\\" + c : c;
    }
    return new RegExp(source, flags).test(__text(text));
}

function like(text, pattern) {
    return __likes(text, pattern, "u");
}

function ilike(text, pattern) {
    return __likes(text, pattern, "iu");
}

function notLike(text, pattern) {
    return !like(text, pattern);
}

function notILike(text, pattern) {
    return !ilike(text, pattern);
}

function __regex(pattern) {
    let source = pattern;
    let flags = "";
    for (let m = /^\(\?([ims]+)\)/.exec(source); m; m = /^\(\?([ims]+)\)/.exec(source)) {
        for (const f of m[1]) if (!flags.includes(f)) flags += f;
        source = source.slice(m[0].length);
    }
    source = source.replace(/\(\?P</g, "(?<").replace(/\\([pP])([A-Z])/g, "\\$1{$2}").replace(/\\A/g, "^").replace(/\\z/g, "$");
    try {
        return new RegExp(source, flags + "u");
    } catch (unicode) {
        return new RegExp(source, flags);
    }
}

function match(text, pattern) {
    return Boolean(text) && Boolean(pattern) && __regex(__text(pattern)).test(__text(text));
}

function __matchIgnoringCase(text, pattern) {
    return Boolean(text) && __regex("(?i)" + __text(pattern)).test(__text(text));
}

function extractRegex(text, pattern) {
    if (text === null || text === undefined || pattern === null || pattern === undefined) return "";
    const m = __regex(__text(pattern)).exec(__text(text));
    if (m === null) return "";
    return m.length > 1 ? m[1] || "" : m[0];
}

function multiSearchAnyCaseInsensitive(text, needles) {
    if (text === null || text === undefined || !Array.isArray(needles)) return 0;
    const s = __text(text).toLowerCase();
    return needles.some((n) => s.includes(__text(n).toLowerCase())) ? 1 : 0;
}

function __digits64(url) {
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + (url ? "-_" : "+/");
}

function __toBase64(bytes, url) {
    const digits = __digits64(url);
    let out = "";
    for (let i = 0; i < bytes.length; i += 3) {
        const n = (bytes[i] << 16) | ((bytes[i + 1] || 0) << 8) | (bytes[i + 2] || 0);
        const size = Math.min(3, bytes.length - i);
        for (let k = 0; k <= size; k++) out += digits[(n >> (18 - 6 * k)) & 63];
        if (!url) out += "=".repeat(3 - size);
    }
    return out;
}

function base64Encode(text) {
    if (typeof text !== "string") throw new Error("Function base64Encode expects a string, got " + __x_typeof(text));
    return __toBase64(new TextEncoder().encode(text), false);
}

function base64Decode(text) {
    if (typeof text !== "string") throw new Error("Function base64Decode expects a string, got " + __x_typeof(text));
    const bytes = [];
    let bits = 0;
    let count = 0;
    for (const c of text) {
        if (c === "=") break;
        const digit = Math.max(__digits64(false).indexOf(c), __digits64(true).indexOf(c));
        if (digit < 0) continue;
        bits = ((bits << 6) | digit) & 0xffff;
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes.push((bits >> count) & 255);
        }
    }
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array(bytes));
}

function tryBase64Decode(text) {
    return typeof text === "string" ? base64Decode(text) : "";
}

function encodeURLComponent(value) {
    return encodeURIComponent(__text(value));
}

function decodeURLComponent(value) {
    return decodeURIComponent(__text(value));
}

function tryDecodeURLComponent(value) {
    try {
        return decodeURLComponent(value);
    } catch (malformed) {
        return null;
    }
}

function generateUUIDv4() {
    return "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx".replace(/[xy]/g, (c) => {
        const n = Math.floor(Math.random() * 16);
        return (c === "x" ? n : (n & 3) | 8).toString(16);
    });
}

function randomFloat() {
    return Math.random();
}
