// Arrays, tuples, dicts, and functions that call back.

function tuple(...args) {
    return __tuple(args);
}

function keys(value) {
    if (value === null || typeof value !== "object") return [];
    if (Array.isArray(value)) return value.map((_, i) => i);
    return Object.keys(value);
}

function values(value) {
    if (value === null || typeof value !== "object") return [];
    return Array.isArray(value) ? Array.from(value) : Object.values(value);
}

function indexOf(array, value) {
    return Array.isArray(array) ? array.indexOf(value === undefined ? null : value) + 1 : 0;
}

function has(array, value) {
    return Array.isArray(array) && array.includes(value === undefined ? null : value);
}

function arrayPushBack(array, value) {
    return Array.isArray(array) ? [...array, value] : [value];
}

function arrayPushFront(array, value) {
    return Array.isArray(array) ? [value, ...array] : [value];
}

function arrayPopBack(array) {
    return Array.isArray(array) ? Array.from(array).slice(0, -1) : [];
}

function arrayPopFront(array) {
    return Array.isArray(array) ? Array.from(array).slice(1) : [];
}

function __sorted(array) {
    if (!Array.isArray(array)) return [];
    const texts = Array.from(array, (v) => [__text(v), v]);
    texts.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    return texts.map((pair) => pair[1]);
}

function arraySort(...args) {
    return __sorted(args[0]);
}

function arrayReverseSort(...args) {
    return __sorted(args[0]).reverse();
}

function arrayReverse(array) {
    return Array.isArray(array) ? Array.from(array).reverse() : [];
}

function arrayStringConcat(array, separator) {
    return Array.isArray(array) ? __join(array, separator === undefined ? "" : __text(separator), []) : "";
}

function sortableSemver(text) {
    if (text === null || text === undefined) return [];
    const m = /\d+(\.\d+)+/.exec(__text(text));
    return m === null ? [] : m[0].split(".").map(Number);
}

function __cohort(id, ids, name) {
    if (ids === null || ids === undefined) {
        throw __newError("Error", name + "() requires cohort membership to be loaded for this evaluation", null);
    }
    return values(ids).some((c) => __equal(c, id));
}

function inCohort(id, ids) {
    return __cohort(id, ids, "inCohort");
}

function notInCohort(id, ids) {
    return !__cohort(id, ids, "notInCohort");
}

function arrayMap(fn, array) {
    return values(array).map((v) => fn(v));
}

function arrayFilter(fn, array) {
    return values(array).filter((v) => fn(v));
}

function arrayExists(fn, array) {
    return values(array).some((v) => fn(v));
}

function arrayCount(fn, array) {
    return arrayFilter(fn, array).length;
}

function arrayReduce(fn, array, initial) {
    return values(array).reduce((sum, v) => fn(sum, v), initial);
}
