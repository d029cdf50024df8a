// What the code of every program may need: properties, comparison, texts.

function __lambda(fn) {
    return fn;
}

function __isDict(v) {
    return v !== null && typeof v === "object" && !Array.isArray(v) && !v.__hogDate__ && !v.__hogDateTime__ && !v.__hogError__;
}

function __own(obj, key) {
    if (!Object.prototype.hasOwnProperty.call(obj, key)) return null;
    const v = obj[key];
    return v === undefined ? null : v;
}

function __text(v) {
    if (v === null || v === undefined) return "null";
    if (Array.isArray(v)) return __join(v, ",", []);
    if (typeof v === "object") return __isDict(v) ? "[object Map]" : "[object Object]";
    if (typeof v === "function") return "[object Object]";
    return String(v);
}

function __join(list, separator, open) {
    if (open.includes(list)) return "";
    const inside = open.concat([list]);
    return Array.from(list, (e) => {
        if (e === null || e === undefined) return "";
        return Array.isArray(e) ? __join(e, ",", inside) : __text(e);
    }).join(separator);
}

function __number(v) {
    if (v === null || v === undefined) return 0;
    if (typeof v === "object") return Array.isArray(v) ? Number(__text(v)) : NaN;
    return typeof v === "function" ? NaN : Number(v);
}

function __index(list, key) {
    if (typeof key === "number") {
        if (key === 0) throw new Error("Hog arrays start from index 1");
        return key > 0 ? key - 1 : list.length + key;
    }
    return typeof key === "string" && /^(0|[1-9]\d*)$/.test(key) ? Number(key) : -1;
}

function __getProperty(obj, key) {
    if (obj === null || typeof obj !== "object") return null;
    if (Array.isArray(obj)) {
        if (key === "length") return obj.length;
        const v = obj[__index(obj, key)];
        return v === undefined ? null : v;
    }
    return __own(obj, typeof key === "string" ? key : __text(key));
}

function __globalLength(v) {
    return typeof v === "string" ? v.length : __getProperty(v, "length");
}

function __setProperty(obj, key, value) {
    if (obj === null || typeof obj !== "object") {
        throw new Error("Can not set " + __text(key) + " on non-object: " + (obj === undefined ? "object" : typeof obj));
    }
    if (Array.isArray(obj)) {
        if (!Number.isInteger(key)) throw new Error("Can not set " + __text(key) + " on element of type object");
        if (key <= 0) throw new Error("Hog arrays start from index 1");
        while (obj.length < key - 1) obj.push(null);
        obj[key - 1] = value;
    } else if (!__isDict(obj)) {
        throw new Error("Can not set " + __text(key) + " on element of type object");
    } else {
        const name = typeof key === "string" ? key : __text(key);
        Object.defineProperty(obj, name, { value: value, writable: true, enumerable: true, configurable: true });
    }
    return value;
}

function __copy(v, seen) {
    if (v === null || typeof v !== "object") return v;
    const done = seen || new Map();
    if (done.has(v)) return done.get(v);
    if (Array.isArray(v)) {
        const list = v.__isHogTuple ? __tuple([]) : [];
        done.set(v, list);
        for (const e of v) list.push(__copy(e, done));
        return list;
    }
    if (!__isDict(v)) return v;
    const dict = {};
    done.set(v, dict);
    for (const k of Object.keys(v)) __setProperty(dict, k, __copy(v[k], done));
    return dict;
}

function __tuple(list) {
    Object.defineProperty(list, "__isHogTuple", { value: true });
    return list;
}

function __entries(v) {
    const all = values(v);
    return keys(v).map((k, i) => [k, all[i]]);
}

function __seconds(v) {
    if (v.__hogDateTime__) return v.dt;
    return __utc(v.year, v.month, v.day) / 1000;
}

function __isMoment(v) {
    return v !== null && typeof v === "object" && Boolean(v.__hogDate__ || v.__hogDateTime__);
}

function __unify(a, b) {
    if (__isMoment(a) && __isMoment(b)) return [__seconds(a), __seconds(b)];
    if (__isMoment(a) && typeof b === "string") {
        const ms = __parseDate(b, "");
        return Number.isNaN(ms) ? [a, b] : [__seconds(a), ms / 1000];
    }
    if (__isMoment(b) && typeof a === "string") {
        const ms = __parseDate(a, "");
        return Number.isNaN(ms) ? [a, b] : [ms / 1000, __seconds(b)];
    }
    if (typeof a === "number" && typeof b === "string") return [a, Number(b)];
    if (typeof a === "string" && typeof b === "number") return [Number(a), b];
    if (typeof a === "boolean" && typeof b === "string") return [a, b === "true"];
    if (typeof a === "string" && typeof b === "boolean") return [a === "true", b];
    if (typeof a === "boolean" && typeof b === "number") return [Number(a), b];
    if (typeof a === "number" && typeof b === "boolean") return [a, Number(b)];
    return [a === undefined ? null : a, b === undefined ? null : b];
}

function __numberOrder(a, b) {
    if (!Array.isArray(a) || !Array.isArray(b) || !a.every(Number.isFinite) || !b.every(Number.isFinite)) return null;
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
        if (a[i] !== b[i]) return a[i] - b[i];
    }
    return a.length - b.length;
}

function __equal(a, b) {
    const [x, y] = __unify(a, b);
    const order = __numberOrder(x, y);
    return order === null ? x === y : order === 0;
}

function __primitive(v) {
    if (v === undefined) return null;
    return v !== null && (typeof v === "object" || typeof v === "function") ? __text(v) : v;
}

function __order(a, b, holds) {
    if (!__nullsAreZero() && (a === null || a === undefined || b === null || b === undefined)) return false;
    const [x, y] = __unify(a, b);
    const order = __numberOrder(x, y);
    return order === null ? holds(__primitive(x), __primitive(y)) : holds(order, 0);
}

function __less(a, b) {
    return __order(a, b, (x, y) => x < y);
}

function __lessOrEqual(a, b) {
    return __order(a, b, (x, y) => x <= y);
}

function __greater(a, b) {
    return __order(a, b, (x, y) => x > y);
}

function __greaterOrEqual(a, b) {
    return __order(a, b, (x, y) => x >= y);
}

function __between(e, low, high, negated) {
    if (e === null || e === undefined || low === null || low === undefined || high === null || high === undefined) return false;
    return negated ? __less(e, low) || __greater(e, high) : __greaterOrEqual(e, low) && __lessOrEqual(e, high);
}

function __contains(haystack, needle) {
    if (Array.isArray(haystack)) return haystack.includes(needle === undefined ? null : needle);
    if (typeof haystack === "string") return haystack.includes(__text(needle));
    throw new Error('Can not use "in" on a value of type ' + __x_typeof(haystack));
}

function __throwable(v) {
    if (v !== null && typeof v === "object" && v.__hogError__) return v;
    return new Error("Can not throw: value is not of type Error");
}
