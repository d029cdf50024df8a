// JSON.

function __revive(v) {
    if (v === null || typeof v !== "object") return v;
    for (const k of Object.keys(v)) v[k] = __revive(v[k]);
    return v.__hogError__ ? __newError(v.type, v.message, v.payload) : v;
}

function __plain(v, open) {
    if (v === undefined) return null;
    if (typeof v === "function") return __functionText(v);
    if (v === null || typeof v !== "object") return v;
    if (open.includes(v)) return null;
    const inside = open.concat([v]);
    if (Array.isArray(v)) return Array.from(v, (e) => __plain(e, inside));
    const out = {};
    const names = v.__hogError__ ? ["__hogError__", "type", "message", "payload"] : Object.keys(v);
    for (const k of names) {
        if (v.__hogError__ && k === "payload" && v[k] === null) continue;
        Object.defineProperty(out, k, { value: __plain(v[k], inside), enumerable: true });
    }
    return out;
}

function jsonParse(text) {
    return __revive(JSON.parse(__text(text)));
}

function jsonStringify(value, indent) {
    const plain = __plain(value, []);
    return typeof indent === "number" && indent >= 1 ? JSON.stringify(plain, null, indent) : JSON.stringify(plain);
}

function isValidJSON(value) {
    try {
        JSON.parse(__text(value));
        return true;
    } catch (bad) {
        return false;
    }
}

function __open(v) {
    if (typeof v !== "string") return [v, true];
    try {
        return [jsonParse(v), true];
    } catch (bad) {
        return [null, false];
    }
}

function __walk(json, path, otherwise, found) {
    let [v, ok] = __open(json);
    if (!ok) return otherwise;
    path.forEach((key, i) => {
        const counts = __isDict(v) ? typeof json === "string" : i > 0 && v !== null && v !== undefined;
        if (key === 0 && counts) throw new Error("Hog arrays start from index 1");
        v = __getProperty(v, key);
    });
    return found(v);
}

function JSONHas(...args) {
    let [v] = args;
    for (const key of args.slice(1)) {
        const [opened, ok] = __open(v);
        if (!ok) return false;
        if (__isDict(opened)) {
            if (!Object.prototype.hasOwnProperty.call(opened, key)) return false;
            v = opened[key];
        } else if (Array.isArray(opened) && typeof key === "number") {
            const i = key < 0 ? opened.length + key : key - 1;
            if (!Number.isInteger(i) || i < 0 || i >= opened.length) return false;
            v = opened[i];
        } else {
            return false;
        }
    }
    return true;
}

function JSONLength(...args) {
    return __walk(args[0], args.slice(1), 0, (v) => {
        if (Array.isArray(v)) return v.length;
        return __isDict(v) ? Object.keys(v).length : 0;
    });
}

function JSONExtractBool(...args) {
    return __walk(args[0], args.slice(1), false, (v) => v === true);
}

function JSONExtractInt(...args) {
    return __walk(args[0], args.slice(1), null, (v) => __leadingInt(__text(v)));
}

function JSONExtractFloat(...args) {
    return __walk(args[0], args.slice(1), null, (v) => __leadingFloat(__text(v)));
}

function JSONExtractString(...args) {
    return __walk(args[0], args.slice(1), null, (v) => {
        if (v === null || v === undefined) return null;
        return __isDict(v) ? "[object Object]" : __text(v);
    });
}

function JSONExtractArrayRaw(...args) {
    return __walk(args[0], args.slice(1), null, (v) => (Array.isArray(v) ? v : null));
}

function JSONExtract(...args) {
    return __walk(args[0], args.slice(1, -1), null, (v) => v);
}
