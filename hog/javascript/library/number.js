// Numbers, logic and null.

function __leadingInt(text) {
    const n = parseInt(text);
    return Number.isNaN(n) ? null : n;
}

function __leadingFloat(text) {
    const n = parseFloat(text);
    return Number.isNaN(n) ? null : n;
}

function toInt(value) {
    if (__isMoment(value)) return Math.floor(__seconds(value) / (value.__hogDate__ ? 86400 : 1));
    return __leadingInt(__text(value));
}

function toFloat(value) {
    if (__isMoment(value)) return __seconds(value) / (value.__hogDate__ ? 86400 : 1);
    return __leadingFloat(__text(value));
}

function floor(number, digits) {
    return Math.floor(__number(number));
}

function round(number, digits) {
    return Math.round(__number(number));
}

function min2(a, b) {
    return __primitive(a) < __primitive(b) ? a : b;
}

function plus(a, b) {
    return __primitive(a) + __primitive(b);
}

function minus(a, b) {
    return __number(a) - __number(b);
}

function range(start, end) {
    const from = end === undefined ? 0 : __number(start);
    const to = end === undefined ? __number(start) : __number(end);
    const list = [];
    for (let i = 0; i < Math.trunc(to - from); i++) list.push(from + i);
    return list;
}

function equals(a, b) {
    return (a === undefined ? null : a) === (b === undefined ? null : b);
}

function notEquals(a, b) {
    return !equals(a, b);
}

function __relation(a, b, holds) {
    if (!__nullsAreZero() && (a === null || a === undefined || b === null || b === undefined)) return false;
    return holds(__primitive(a), __primitive(b));
}

function greater(a, b) {
    return __relation(a, b, (x, y) => x > y);
}

function greaterOrEquals(a, b) {
    return __relation(a, b, (x, y) => x >= y);
}

function less(a, b) {
    return __relation(a, b, (x, y) => x < y);
}

function lessOrEquals(a, b) {
    return __relation(a, b, (x, y) => x <= y);
}

function and(...args) {
    return args.every(Boolean);
}

function or(...args) {
    return args.some(Boolean);
}

function not(value) {
    return !value;
}

function __x_in(value, list) {
    return Array.isArray(list) && list.includes(value === undefined ? null : value);
}

function __x_if(condition, then, otherwise) {
    return condition ? then : otherwise;
}

function multiIf(...args) {
    for (let i = 0; i + 1 < args.length; i += 2) {
        if (args[i]) return args[i + 1];
    }
    return args.length % 2 === 1 ? args[args.length - 1] : null;
}

function ifNull(value, otherwise) {
    return value === null || value === undefined ? otherwise : value;
}

function coalesce(...args) {
    for (const v of args) if (v !== null && v !== undefined) return v;
    return null;
}

function isNull(value) {
    return value === null || value === undefined;
}

function isNotNull(value) {
    return !isNull(value);
}

function assumeNotNull(value) {
    if (isNull(value)) throw new Error("Value is null in assumeNotNull");
    return value;
}
