// The part of a site function's script that is the same for all functions.
//
// source is the user's module, inputs a list of {key, value} in their order of
// evaluation, filter a function, mappings a list of {filter, inputs}. A value
// or a filter is a function of __getGlobal, the reader of globals by name. The
// result is what the script gives to the page.
function __site(source, inputs, filter, mappings) {
    // reader gives the global of a name, null when there is none. The inputs
    // are those computed so far.
    function reader(globals, values) {
        return (name) => {
            if (name === "inputs") return values;
            return Object.prototype.hasOwnProperty.call(globals, name) ? globals[name] ?? null : null;
        };
    }
    function complain(what, key, error) {
        console.error("[POSTHOG-JS] " + what, key, error);
    }
    // compute adds the values of a list of inputs to values. Before the first
    // event most templates find nothing to read: that is not worth a line.
    function compute(list, globals, values, initial) {
        const read = reader(globals, values);
        for (const { key, value } of list) {
            let result = null;
            try {
                result = value(read);
            } catch (error) {
                if (!initial) complain("Unable to compute value for inputs", key, error);
            }
            Object.defineProperty(values, key, { value: result, writable: true, enumerable: true, configurable: true });
        }
        return values;
    }
    // matches holds for true alone, as on the server. A filter that fails
    // matches nothing.
    function matches(condition, globals, values) {
        try {
            return condition(reader(globals, values)) === true;
        } catch (error) {
            complain("Unable to evaluate filters", "", error);
            return false;
        }
    }
    // later looks after what an async function gives.
    function later(promise, done) {
        if (!promise || typeof promise.then !== "function") return done(true);
        promise.then(
            () => done(true),
            (error) => {
                complain("Site function failed", "", error);
                done(false);
            },
        );
    }
    function processEvent(globals, posthog) {
        const values = compute(inputs, globals, {}, false);
        const seen = {
            ...globals.groups,
            ...globals.event,
            person: globals.person,
            pdi: { distinct_id: globals.event?.distinct_id, person: globals.person },
        };
        if (!matches(filter, seen, values)) return;
        const call = (given) => later(source.onEvent({ inputs: given, posthog }), () => {});
        if (mappings.length === 0) return call(values);
        for (const mapping of mappings) {
            if (matches(mapping.filter, seen, values)) call(compute(mapping.inputs, globals, { ...values }, false));
        }
    }
    function init({ posthog, callback }) {
        const done = callback ?? (() => {});
        if (source.onLoad) later(source.onLoad({ inputs: compute(inputs, {}, {}, true), posthog }), done);
        else done(true);
        return source.onEvent ? { processEvent: (globals) => processEvent(globals, posthog) } : {};
    }
    return { init };
}
