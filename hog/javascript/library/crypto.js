// Hashes and addresses. The algorithms follow RFC 1321, FIPS 180-4 and RFC 2104.

function __padded(bytes, bigEndian) {
    const size = Math.ceil((bytes.length + 9) / 64) * 64;
    const out = new DataView(new ArrayBuffer(size));
    bytes.forEach((b, i) => out.setUint8(i, b));
    out.setUint8(bytes.length, 128);
    out.setUint32(size - (bigEndian ? 4 : 8), bytes.length * 8, !bigEndian);
    out.setUint32(size - (bigEndian ? 8 : 4), Math.floor(bytes.length / 536870912), !bigEndian);
    return out;
}

function __wordBytes(words, littleEndian) {
    const out = new DataView(new ArrayBuffer(words.length * 4));
    words.forEach((w, i) => out.setUint32(i * 4, w, littleEndian));
    return new Uint8Array(out.buffer);
}

function __rotate(x, n) {
    return (x << n) | (x >>> (32 - n));
}

function __md5(bytes) {
    const shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
    const message = __padded(bytes, false);
    let state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
    for (let at = 0; at < message.byteLength; at += 64) {
        let [a, b, c, d] = state;
        for (let i = 0; i < 64; i++) {
            const turn = i >> 4;
            const mixed = [(b & c) | (~b & d), (d & b) | (~d & c), b ^ c ^ d, c ^ (b | ~d)][turn];
            const place = [i, 5 * i + 1, 3 * i + 5, 7 * i][turn] & 15;
            const constant = Math.floor(Math.abs(Math.sin(i + 1)) * 4294967296);
            const sum = (a + mixed + constant + message.getUint32(at + place * 4, true)) | 0;
            [a, d, c, b] = [d, c, b, (b + __rotate(sum, shifts[turn * 4 + (i & 3)])) | 0];
        }
        state = state.map((s, i) => (s + [a, b, c, d][i]) | 0);
    }
    return __wordBytes(state, true);
}

function __sha1(bytes) {
    const message = __padded(bytes, true);
    let state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
    for (let at = 0; at < message.byteLength; at += 64) {
        const w = [];
        let [a, b, c, d, e] = state;
        for (let i = 0; i < 80; i++) {
            w[i] = i < 16 ? message.getUint32(at + i * 4) : __rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
            const turn = Math.floor(i / 20);
            const mixed = [(b & c) | (~b & d), b ^ c ^ d, (b & c) | (b & d) | (c & d), b ^ c ^ d][turn];
            const constant = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6][turn];
            [a, b, c, d, e] = [(__rotate(a, 5) + mixed + e + constant + w[i]) | 0, a, __rotate(b, 30), c, d];
        }
        state = state.map((s, i) => (s + [a, b, c, d, e][i]) | 0);
    }
    return __wordBytes(state, false);
}

function __primeRoots(count, power) {
    const out = [];
    for (let n = 2; out.length < count; n++) {
        let prime = true;
        for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
        if (prime) out.push(Math.floor((Math.pow(n, power) % 1) * 4294967296));
    }
    return out;
}

function __sha256(bytes) {
    const message = __padded(bytes, true);
    const constants = __primeRoots(64, 1 / 3);
    let state = __primeRoots(8, 1 / 2);
    for (let at = 0; at < message.byteLength; at += 64) {
        const w = [];
        let [a, b, c, d, e, f, g, h] = state;
        for (let i = 0; i < 64; i++) {
            if (i < 16) {
                w[i] = message.getUint32(at + i * 4);
            } else {
                const s0 = __rotate(w[i - 15], 25) ^ __rotate(w[i - 15], 14) ^ (w[i - 15] >>> 3);
                const s1 = __rotate(w[i - 2], 15) ^ __rotate(w[i - 2], 13) ^ (w[i - 2] >>> 10);
                w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
            }
            const s1 = __rotate(e, 26) ^ __rotate(e, 21) ^ __rotate(e, 7);
            const t1 = (h + s1 + ((e & f) ^ (~e & g)) + constants[i] + w[i]) | 0;
            const s0 = __rotate(a, 30) ^ __rotate(a, 19) ^ __rotate(a, 10);
            const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
            [a, b, c, d, e, f, g, h] = [(t1 + t2) | 0, a, b, c, (d + t1) | 0, e, f, g];
        }
        state = state.map((s, i) => (s + [a, b, c, d, e, f, g, h][i]) | 0);
    }
    return __wordBytes(state, false);
}

function __hex(bytes) {
    return Array.from(bytes, (b) => __pad(b.toString(16), 2)).join("");
}

function __digest(bytes, encoding) {
    if (encoding === null || encoding === undefined || encoding === "hex") return __hex(bytes);
    if (encoding === "base64") return __toBase64(bytes, false);
    if (encoding === "base64url") return __toBase64(bytes, true);
    if (encoding === "binary") return String.fromCharCode(...bytes);
    throw new Error("Unsupported encoding: " + __text(encoding));
}

function __hash(text, name, algorithm, encoding) {
    const s = __textOrNull(text, name);
    return s === null ? null : __digest(algorithm(new TextEncoder().encode(s)), encoding);
}

function md5Hex(text) {
    return __hash(text, "md5Hex", __md5);
}

function sha1Hex(text) {
    return __hash(text, "sha1Hex", __sha1);
}

function sha256Hex(text) {
    return __hash(text, "sha256Hex", __sha256);
}

function md5(text, encoding) {
    return __hash(text, "md5", __md5, encoding);
}

function sha1(text, encoding) {
    return __hash(text, "sha1", __sha1, encoding);
}

function sha256(text, encoding) {
    return __hash(text, "sha256", __sha256, encoding);
}

function __hmac(key, message, algorithm) {
    const block = new Uint8Array(64);
    block.set(key.length > 64 ? algorithm(key) : key);
    const inner = algorithm(new Uint8Array([...block.map((b) => b ^ 0x36), ...message]));
    return algorithm(new Uint8Array([...block.map((b) => b ^ 0x5c), ...inner]));
}

function __hmacChain(list, name, algorithm, encoding) {
    if (!Array.isArray(list)) throw new Error("Function " + name + " expects an array, got " + __x_typeof(list));
    if (list.length < 2) throw new Error("Data array must contain at least two elements.");
    const texts = Array.from(list, (v) => new TextEncoder().encode(__text(v)));
    return __digest(texts.slice(1).reduce((key, text) => __hmac(key, text, algorithm), texts[0]), encoding);
}

function sha256HmacChain(array, encoding) {
    return __hmacChain(array, "sha256HmacChain", __sha256, encoding);
}

function sha256HmacChainHex(array) {
    return __hmacChain(array, "sha256HmacChainHex", __sha256);
}

function sha1HmacChain(array, encoding) {
    return __hmacChain(array, "sha1HmacChain", __sha1, encoding);
}

function sha1HmacChainHex(array) {
    return __hmacChain(array, "sha1HmacChainHex", __sha1);
}

function __bytesOf4(address) {
    const parts = address.split(".");
    const ok = parts.length === 4 && parts.every((p) => /^(0|[1-9]\d{0,2})$/.test(p) && Number(p) < 256);
    return ok ? parts.map(Number) : null;
}

function __groups(text) {
    if (text === "") return [];
    const out = [];
    for (const group of text.split(":")) {
        const m = /^[0-9a-fA-F]{1,4}/.exec(group);
        if (m === null) return null;
        const n = parseInt(m[0], 16);
        out.push(n >> 8, n & 255);
    }
    return out;
}

function __bytesOf6(address) {
    const halves = address.split("::");
    const [head, tail] = [__groups(halves[0]), __groups(halves[1] || "")];
    if (halves.length > 2 || head === null || tail === null) return null;
    const count = head.length + tail.length;
    if (halves.length === 2 ? count > 14 : count !== 16) return null;
    return [...head, ...new Array(16 - count).fill(0), ...tail];
}

function isIPAddressInRange(address, cidr) {
    if (typeof address !== "string" || typeof cidr !== "string") return false;
    const m = /^([^/]*)\/(\d{1,3})$/.exec(cidr);
    if (m === null) return false;
    const parse = m[1].includes(":") ? __bytesOf6 : __bytesOf4;
    const [a, n] = [parse(address), parse(m[1])];
    if (a === null || n === null || Number(m[2]) > n.length * 8) return false;
    return n.every((b, i) => {
        const take = Math.max(0, Math.min(8, Number(m[2]) - 8 * i));
        const mask = (255 << (8 - take)) & 255;
        return (a[i] & mask) === (b & mask);
    });
}
