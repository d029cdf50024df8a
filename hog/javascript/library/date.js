// Dates and datetimes: marked objects, seconds since 1970, IANA zones.

function __utc(year, month, day) {
    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    return date.getTime();
}

function __zoneOffset(ms, zone) {
    if (zone === "" || zone === "UTC" || zone.toLowerCase() === "local") return 0;
    if (!Number.isFinite(ms)) return NaN;
    try {
        const names = { hour: "numeric", minute: "numeric", second: "numeric", year: "numeric", month: "numeric", day: "numeric" };
        const clock = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", ...names });
        const part = {};
        for (const p of clock.formatToParts(ms)) part[p.type] = Number(p.value);
        const wall = __utc(part.year, part.month, part.day) + ((part.hour * 60 + part.minute) * 60 + part.second) * 1000;
        return wall - Math.floor(ms / 1000) * 1000;
    } catch (unknown) {
        return NaN;
    }
}

function __fromWall(wall, zone) {
    const before = __zoneOffset(wall - 86400000, zone);
    const after = __zoneOffset(wall + 86400000, zone);
    if (__zoneOffset(wall - before, zone) === before) return wall - before;
    return __zoneOffset(wall - after, zone) === after ? wall - after : wall - before;
}

function __parseDate(text, zone) {
    const shape = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)?$/;
    const m = shape.exec(text.trim());
    if (m === null) return NaN;
    const [year, month, day, hour, minute, second] = m.slice(1, 7).map((s) => Number(s || 0));
    const midnight = __utc(year, month, day);
    const date = new Date(midnight);
    if (year < 1 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return NaN;
    if (hour > 23 || minute > 59 || second > 59) return NaN;
    const wall = midnight + ((hour * 60 + minute) * 60 + second) * 1000 + Number(((m[7] || "") + "000").slice(0, 3));
    if (m[8]) return wall;
    if (!m[9]) return __fromWall(wall, zone);
    const offset = Number(m[10]) * 60 + Number(m[11] || 0);
    if (Number(m[10]) > 23 || Number(m[11] || 0) > 59) return NaN;
    return wall - (m[9] === "-" ? -1 : 1) * offset * 60000;
}

function __date(year, month, day) {
    return { __hogDate__: true, year: year, month: month, day: day };
}

function __dateTime(dt, zone) {
    return { __hogDateTime__: true, dt: dt, zone: zone };
}

function __dateOf(ms) {
    const date = new Date(ms);
    return __date(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate());
}

function __zoneOf(v) {
    return v.__hogDateTime__ ? v.zone : "UTC";
}

function __zoneArg(zone, otherwise) {
    return typeof zone === "string" && zone !== "" ? zone : otherwise;
}

function __wall(v) {
    if (typeof v === "string") return new Date(__parseDate(v, ""));
    if (!__isMoment(v)) return new Date(NaN);
    const ms = Math.floor(__seconds(v) * 1000);
    return new Date(ms + __zoneOffset(ms, __zoneOf(v)));
}

function __expect(ok, message) {
    if (!ok) throw new Error(message);
}

function now(zone) {
    return __dateTime(Date.now() / 1000, "UTC");
}

function today() {
    return __dateOf(Date.now());
}

function toDate(value) {
    if (typeof value === "number") return __dateOf(Math.floor(value * 1000));
    if (value && value.__hogDate__) return value;
    return __dateOf(__wall(value).getTime());
}

function toDateTime(value, zone) {
    const label = __zoneArg(zone, "UTC");
    if (typeof value === "number") return __dateTime(value, label);
    return __dateTime(typeof value === "string" ? __parseDate(value, label) / 1000 : NaN, label);
}

function toUnixTimestamp(value, zone) {
    if (typeof value === "string") return __parseDate(value, __zoneArg(zone, "UTC")) / 1000;
    return __isMoment(value) ? __seconds(value) : NaN;
}

function toUnixTimestampMilli(value, zone) {
    return Math.round(toUnixTimestamp(value, zone) * 1000);
}

function fromUnixTimestamp(seconds) {
    return __dateTime(__number(seconds), "UTC");
}

function fromUnixTimestampMilli(milliseconds) {
    return __dateTime(__number(milliseconds) / 1000, "UTC");
}

function toTimeZone(datetime, zone) {
    __expect(datetime && datetime.__hogDateTime__, "Expected a DateTime");
    return __dateTime(datetime.dt, __text(zone));
}

function __isoWeek(wall) {
    const thursday = new Date(wall);
    thursday.setUTCDate(thursday.getUTCDate() + 3 - ((thursday.getUTCDay() + 6) % 7));
    return Math.floor((thursday - __utc(thursday.getUTCFullYear(), 1, 1)) / 604800000) + 1;
}

function __formatCode(code, d, offset) {
    const two = (n) => __pad(n, 2);
    const months = "January February March April May June July August September October November December".split(" ");
    const days = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
    const year = __pad(d.getUTCFullYear(), 4);
    const month = two(d.getUTCMonth() + 1);
    const day = two(d.getUTCDate());
    const hour = two(d.getUTCHours());
    const hour12 = two(d.getUTCHours() % 12 || 12);
    const minute = two(d.getUTCMinutes());
    const second = two(d.getUTCSeconds());
    const half = d.getUTCHours() < 12 ? "AM" : "PM";
    const weekday = String(((d.getUTCDay() + 6) % 7) + 1);
    const short = year.slice(-2);
    const codes = {
        a: days[d.getUTCDay()].slice(0, 3), b: months[d.getUTCMonth()].slice(0, 3), c: month, m: month, d: day,
        D: month + "/" + day + "/" + short, e: String(d.getUTCDate()), f: __pad(d.getUTCMilliseconds(), 3),
        F: year + "-" + month + "-" + day, g: short, y: short, C: short, G: year, Y: year, h: hour12, I: hour12, l: hour12,
        H: hour, k: hour, i: minute, j: __pad((__utc(d.getUTCFullYear(), d.getUTCMonth() + 1, d.getUTCDate()) - __utc(d.getUTCFullYear(), 1, 1)) / 86400000 + 1, 3),
        M: months[d.getUTCMonth()], W: days[d.getUTCDay()], p: half, Q: String(Math.floor(d.getUTCMonth() / 3) + 1),
        r: hour12 + ":" + minute + " " + half, R: hour + ":" + minute, s: second, S: second, t: "\t", n: "\n",
        T: hour + ":" + minute + ":" + second, u: weekday, w: weekday, V: two(__isoWeek(d)), z: __offsetText(offset, ""), "%": "%",
    };
    return Object.prototype.hasOwnProperty.call(codes, code) ? codes[code] : "";
}

function formatDateTime(datetime, format, zone) {
    __expect(datetime && datetime.__hogDateTime__, "Expected a DateTime");
    __expect(format, "formatDateTime requires at least 2 arguments");
    const ms = Math.floor(datetime.dt * 1000);
    const offset = __zoneOffset(ms, __zoneArg(zone, datetime.zone));
    const wall = new Date(ms + offset);
    if (Number.isNaN(wall.getTime())) return "Invalid DateTime";
    return __text(format).replace(/%([\s\S]?)/gu, (_, code) => __formatCode(code, wall, offset));
}

function __addMonths(wall, n) {
    const first = new Date(__utc(wall.getUTCFullYear(), wall.getUTCMonth() + 1 + n, 1));
    const last = new Date(__utc(first.getUTCFullYear(), first.getUTCMonth() + 2, 0)).getUTCDate();
    const day = Math.min(wall.getUTCDate(), last);
    return __utc(first.getUTCFullYear(), first.getUTCMonth() + 1, day) + (wall.getTime() - __utc(wall.getUTCFullYear(), wall.getUTCMonth() + 1, wall.getUTCDate()));
}

function __like(v, ms) {
    return v.__hogDate__ ? __dateOf(ms) : __dateTime(ms / 1000, v.zone);
}

function dateAdd(unit, amount, value) {
    __expect(__isMoment(value), "Expected a Date or DateTime");
    const n = __number(amount);
    const name = __text(unit);
    const exact = { second: 1, minute: 60, hour: 3600 }[name];
    if (exact !== undefined) {
        if (value.__hogDateTime__) return __dateTime(value.dt + n * exact, value.zone);
        return __dateOf(__seconds(value) * 1000 + n * exact * 1000);
    }
    const months = { month: 1, year: 12 }[name];
    const days = { day: 1, week: 7 }[name];
    __expect(months !== undefined || days !== undefined, "Unsupported interval unit: " + name);
    const wall = __wall(value);
    const moved = months === undefined ? wall.getTime() + Math.trunc(n * days) * 86400000 : __addMonths(wall, Math.trunc(n * months));
    const rest = months === undefined ? (n * days - Math.trunc(n * days)) * 86400000 : 0;
    return __like(value, __fromWall(moved, __zoneOf(value)) + rest);
}

function addDays(value, days) {
    return dateAdd("day", days, value);
}

function dateDiff(unit, start, end) {
    const name = __text(unit);
    const [from, to] = [start, end].map((v) => (typeof v === "string" ? __parseDate(v, "") / 1000 : __isMoment(v) ? __seconds(v) : NaN));
    const size = { second: 1, minute: 60, hour: 3600, day: 86400 }[name];
    const span = Math.round((to - from) * 1000) / 1000;
    if (size !== undefined) return Math.floor(span / size);
    if (name === "week") return Math.floor(Math.floor(span / 86400) / 7);
    __expect(name === "month" || name === "year", "Unsupported unit for dateDiff: " + name);
    const [a, b] = [__wall(start), __wall(end)];
    const years = b.getUTCFullYear() - a.getUTCFullYear();
    return name === "year" ? years : years * 12 + b.getUTCMonth() - a.getUTCMonth();
}

function __startOf(value, unit) {
    const zone = __zoneOf(value);
    const wall = __wall(value);
    const day = __utc(wall.getUTCFullYear(), wall.getUTCMonth() + 1, wall.getUTCDate());
    const ms = __seconds(value) * 1000;
    if (unit === "hour") return __dateTime((ms - (wall.getTime() % 3600000)) / 1000, zone);
    if (unit === "minute") return __dateTime((ms - (wall.getTime() % 60000)) / 1000, zone);
    const starts = {
        year: () => __utc(wall.getUTCFullYear(), 1, 1),
        month: () => __utc(wall.getUTCFullYear(), wall.getUTCMonth() + 1, 1),
        week: () => day - ((wall.getUTCDay() + 6) % 7) * 86400000,
        day: () => day,
    };
    return __dateTime(__fromWall(starts[unit](), zone) / 1000, zone);
}

function dateTrunc(unit, datetime, zone) {
    __expect(datetime && datetime.__hogDateTime__, "Expected a DateTime for dateTrunc");
    const name = __text(unit);
    __expect(["year", "month", "day", "hour", "minute"].includes(name), "Unsupported unit for dateTrunc: " + name);
    return __startOf(datetime, name);
}

function __startOfMoment(value, unit) {
    __expect(__isMoment(value), "Expected a Date or DateTime");
    return __startOf(value, unit);
}

function toStartOfDay(value, zone) {
    return __startOfMoment(value, "day");
}

function toStartOfHour(value) {
    return __startOfMoment(value, "hour");
}

function toStartOfMonth(value) {
    return __startOfMoment(value, "month");
}

function toStartOfWeek(value, mode) {
    return __startOfMoment(value, "week");
}

function extract(part, value) {
    const wall = __wall(value);
    switch (__text(part)) {
        case "year":
            return wall.getUTCFullYear();
        case "month":
            return wall.getUTCMonth() + 1;
        case "day":
            return wall.getUTCDate();
        case "hour":
            return wall.getUTCHours();
        case "minute":
            return wall.getUTCMinutes();
        case "second":
            return wall.getUTCSeconds();
    }
    throw new Error("Unknown extract part: " + __text(part));
}

function toYear(value) {
    return __wall(value).getUTCFullYear();
}

function toMonth(value) {
    return __wall(value).getUTCMonth() + 1;
}

function toYYYYMM(value) {
    return toYear(value) * 100 + toMonth(value);
}

function __interval(value, unit) {
    return { __hogInterval__: true, value: value === undefined ? null : value, unit: unit };
}

function toIntervalDay(n) {
    return __interval(n, "day");
}

function toIntervalHour(n) {
    return __interval(n, "hour");
}

function toIntervalMinute(n) {
    return __interval(n, "minute");
}

function toIntervalMonth(n) {
    return __interval(n, "month");
}
