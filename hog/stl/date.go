package stl

import (
	"math"
	"time"
	_ "time/tzdata" // zones must not depend on the host

	"hogpen/hog/vm"
)

const dateGroup = "Dates"

var dateFuncs = []*Func{
	{
		Func: fn("now", 0, 1, plain(now)), Group: dateGroup,
		Doc:      "Gives the present moment in UTC.",
		Examples: []Example{{"typeof(now())", "'datetime'"}},
	},
	{
		Func: fn("today", 0, 0, plain(today)), Group: dateGroup,
		Doc:      "Gives the present date in UTC.",
		Examples: []Example{{"typeof(today())", "'date'"}},
	},
	{
		Func: fn("toDate", 1, 1, plain(toDate)), Group: dateGroup, Args: "value",
		Doc: "Makes a date of epoch seconds or of a text like 2024-05-06, with or without a time. Anything else gives an invalid date.", Null: "Gives an invalid date.",
		Examples: []Example{{"toDate('2024-05-06')", "Date(2024, 5, 6)"}, {"toDate('2024-01-01T23:00:00-05:00')", "Date(2024, 1, 2)"}},
	},
	{
		Func: fn("toDateTime", 1, 2, plain(toDateTime)), Group: dateGroup, Args: "value, zone?",
		Doc: "Makes a datetime of epoch seconds or of a text like 2024-05-06T01:02:03Z; a text without offset is meant in the zone. Anything else gives an invalid one.", Null: "Gives an invalid datetime.",
		Examples: []Example{{"toDateTime('2024-05-06')", "DateTime(1714953600.0, 'UTC')"}, {"toDateTime('2024-05-06', 'Europe/Tallinn')", "DateTime(1714942800.0, 'Europe/Tallinn')"}, {"toDateTime('2024')", "DateTime(NaN.0, 'UTC')"}},
	},
	{
		Func: fn("toUnixTimestamp", 1, 2, plain(func(c *vm.Call) vm.Value { return vm.Number(timestamp(c)) })), Group: dateGroup, Args: "value, zone?",
		Doc:      "Gives the seconds since 1970 of a datetime, date or text.",
		Examples: []Example{{"toUnixTimestamp('2024-05-06')", "1714953600"}},
	},
	{
		Func: fn("toUnixTimestampMilli", 1, 2, plain(func(c *vm.Call) vm.Value { return vm.Number(math.Round(timestamp(c) * 1000)) })), Group: dateGroup, Args: "value, zone?",
		Doc:      "Gives the milliseconds since 1970 of a datetime, date or text.",
		Examples: []Example{{"toUnixTimestampMilli('2024-05-06T00:00:00.5Z')", "1714953600500"}},
	},
	{
		Func: fn("fromUnixTimestamp", 1, 1, plain(func(c *vm.Call) vm.Value { return vm.NewDateTime(number(c, 0, math.NaN()), "UTC") })), Group: dateGroup, Args: "seconds",
		Doc:      "Makes a datetime of seconds since 1970.",
		Examples: []Example{{"fromUnixTimestamp(5)", "DateTime(5.0, 'UTC')"}},
	},
	{
		Func: fn("fromUnixTimestampMilli", 1, 1, plain(func(c *vm.Call) vm.Value { return vm.NewDateTime(number(c, 0, math.NaN())/1000, "UTC") })), Group: dateGroup, Args: "milliseconds",
		Doc:      "Makes a datetime of milliseconds since 1970.",
		Examples: []Example{{"fromUnixTimestampMilli(1500)", "DateTime(1.5, 'UTC')"}},
	},
	{
		Func: fn("toTimeZone", 2, 2, toTimeZone), Group: dateGroup, Args: "datetime, zone",
		Doc:      "Gives the same moment in another zone.",
		Examples: []Example{{"toTimeZone(toDateTime(5), 'Europe/Tallinn')", "DateTime(5.0, 'Europe/Tallinn')"}},
	},
	{
		Func: fn("formatDateTime", 2, 3, formatDateTime), Group: dateGroup, Args: "datetime, format, zone?",
		Doc: "Writes a datetime after a pattern of % codes: %Y year, %m month, %d day, %H hour, %i minute, %S second, %f millisecond, " +
			"%M month name, %W weekday, %z offset, and others. Note that %M is the month's name and %i the minute.",
		Examples: []Example{{"formatDateTime(toDateTime('2024-01-07T15:04:05Z'), '%Y-%m-%d %H:%i:%S')", "'2024-01-07 15:04:05'"}, {"formatDateTime(toDateTime('2024-01-07T15:04:05Z'), '%W, %e %M', 'America/New_York')", "'Sunday, 7 January'"}},
	},
	{
		Func: fn("dateAdd", 3, 3, func(c *vm.Call) (vm.Value, error) {
			return dateAdd(vm.JSText(c.Arg(0)), number(c, 1, 0), c.Arg(2))
		}), Group: dateGroup, Args: "unit, amount, value",
		Doc:      "Adds to a date or datetime; units are second, minute, hour, day, week, month and year. Months stop at the last day.",
		Examples: []Example{{"dateAdd('month', 1, toDate('2024-01-31'))", "Date(2024, 2, 29)"}, {"dateAdd('week', 1, toDateTime('2024-01-01'))", "DateTime(1704672000.0, 'UTC')"}},
	},
	{
		Func: fn("addDays", 2, 2, func(c *vm.Call) (vm.Value, error) { return dateAdd("day", number(c, 1, 0), c.Arg(0)) }), Group: dateGroup, Args: "value, days",
		Doc:      "Adds days to a date or datetime.",
		Examples: []Example{{"addDays(toDate('2024-02-28'), 2)", "Date(2024, 3, 1)"}},
	},
	{
		Func: fn("dateDiff", 3, 3, dateDiff), Group: dateGroup, Args: "unit, start, end",
		Doc:      "Gives the whole units between two dates, datetimes or texts; months and years are differences of calendar numbers.",
		Examples: []Example{{"dateDiff('minute', toDateTime(0), toDateTime(-61))", "-2"}, {"dateDiff('month', toDate('2024-01-31'), toDate('2024-03-01'))", "2"}},
	},
	{
		Func: fn("dateTrunc", 2, 3, dateTrunc), Group: dateGroup, Args: "unit, datetime",
		Doc:      "Gives the beginning of the year, month, day, hour or minute in the value's zone.",
		Examples: []Example{{"dateTrunc('month', toDateTime('2024-05-06T07:00:00Z'))", "DateTime(1714521600.0, 'UTC')"}},
	},
	{
		Func: fn("toStartOfDay", 1, 2, starter("day")), Group: dateGroup, Args: "value",
		Doc:      "Gives the beginning of the day.",
		Examples: []Example{{"toStartOfDay(toDateTime('2024-05-06T07:00:00Z'))", "DateTime(1714953600.0, 'UTC')"}},
	},
	{
		Func: fn("toStartOfHour", 1, 1, starter("hour")), Group: dateGroup, Args: "value",
		Doc:      "Gives the beginning of the hour.",
		Examples: []Example{{"toStartOfHour(toDateTime('2024-05-06T07:30:00Z'))", "DateTime(1714978800.0, 'UTC')"}},
	},
	{
		Func: fn("toStartOfMonth", 1, 1, starter("month")), Group: dateGroup, Args: "value",
		Doc:      "Gives the beginning of the month.",
		Examples: []Example{{"toStartOfMonth(toDate('2024-05-06'))", "DateTime(1714521600.0, 'UTC')"}},
	},
	{
		Func: fn("toStartOfWeek", 1, 2, starter("week")), Group: dateGroup, Args: "value",
		Doc:      "Gives the beginning of the week, Monday.",
		Examples: []Example{{"toStartOfWeek(toDate('2024-01-07'))", "DateTime(1704067200.0, 'UTC')"}},
	},
	{
		Func: fn("extract", 2, 2, extract), Group: dateGroup, Args: "part, value",
		Doc:      "Gives the year, month, day, hour, minute or second of a date or datetime in its zone.",
		Examples: []Example{{"extract('month', toDate('2024-05-06'))", "5"}},
	},
	{
		Func: fn("toYear", 1, 1, calendar(func(t time.Time) int { return t.Year() })), Group: dateGroup, Args: "value",
		Doc:      "Gives the year of a date, datetime or text.",
		Examples: []Example{{"toYear(toDate('2024-05-06'))", "2024"}},
	},
	{
		Func: fn("toMonth", 1, 1, calendar(func(t time.Time) int { return int(t.Month()) })), Group: dateGroup, Args: "value",
		Doc:      "Gives the month of a date, datetime or text.",
		Examples: []Example{{"toMonth('2024-05-06')", "5"}},
	},
	{
		Func: fn("toYYYYMM", 1, 1, calendar(func(t time.Time) int { return t.Year()*100 + int(t.Month()) })), Group: dateGroup, Args: "value",
		Doc:      "Gives year and month as one number.",
		Examples: []Example{{"toYYYYMM(toDate('2024-03-01'))", "202403"}},
	},
	{Func: fn("toIntervalDay", 1, 1, interval("day")), Group: dateGroup, Args: "n", Doc: "Gives an interval of days; nothing in the library takes one.",
		Examples: []Example{{"toIntervalDay(2)", "{'__hogInterval__': true, 'value': 2, 'unit': 'day'}"}}},
	{Func: fn("toIntervalHour", 1, 1, interval("hour")), Group: dateGroup, Args: "n", Doc: "Gives an interval of hours.",
		Examples: []Example{{"toIntervalHour(2).unit", "'hour'"}}},
	{Func: fn("toIntervalMinute", 1, 1, interval("minute")), Group: dateGroup, Args: "n", Doc: "Gives an interval of minutes.",
		Examples: []Example{{"toIntervalMinute(2).unit", "'minute'"}}},
	{Func: fn("toIntervalMonth", 1, 1, interval("month")), Group: dateGroup, Args: "n", Doc: "Gives an interval of months.",
		Examples: []Example{{"toIntervalMonth(2).unit", "'month'"}}},
}

func now(c *vm.Call) vm.Value {
	return vm.NewDateTime(float64(c.Now().UnixMilli())/1000, "UTC")
}

func today(c *vm.Call) vm.Value { return dateOf(c.Now().UTC()) }

func dateOf(t time.Time) vm.Value {
	return vm.NewDate(float64(t.Year()), float64(t.Month()), float64(t.Day()))
}

var nan = math.NaN()

// moment gives the time of a datetime in its zone or of a date at UTC
// midnight; ok is false for invalid ones and anything else.
func moment(v vm.Value) (t time.Time, zone string, ok bool) {
	zone = "UTC"
	if v.Kind() == vm.KindDateTime {
		_, zone = v.DateTimeParts()
	}
	return timeIn(vm.EpochSeconds(v), zone)
}

func timeIn(seconds float64, zone string) (time.Time, string, bool) {
	loc, err := vm.LoadZone(zone)
	if err != nil || !(math.Abs(seconds) <= 8.64e12) {
		return time.Time{}, zone, false
	}
	return time.UnixMilli(int64(math.Floor(seconds * 1000))).In(loc), zone, true
}

// parsed is moment that also reads texts, in UTC.
func parsed(v vm.Value) (time.Time, bool) {
	if v.IsString() {
		ms, ok := vm.ParseDateTime(v.Text(), "")
		return time.UnixMilli(int64(ms)).UTC(), ok
	}
	t, _, ok := moment(v)
	return t, ok
}

// seconds of a time, with its milliseconds.
func secondsOf(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func toDate(c *vm.Call) vm.Value {
	v := c.Arg(0)
	var t time.Time
	ok := false
	switch v.Kind() {
	case vm.KindDate:
		return v
	case vm.KindNumber:
		t, _, ok = timeIn(v.Num(), "UTC")
	case vm.KindString, vm.KindDateTime:
		t, ok = parsed(v)
	}
	if !ok {
		return vm.NewDate(nan, nan, nan)
	}
	return dateOf(t)
}

func zoneArg(c *vm.Call, i int, def string) string {
	if z := c.Arg(i); z.IsString() && z.Text() != "" {
		return z.Text()
	}
	return def
}

func toDateTime(c *vm.Call) vm.Value {
	v, zone := c.Arg(0), zoneArg(c, 1, "UTC")
	switch v.Kind() {
	case vm.KindNumber:
		return vm.NewDateTime(v.Num(), zone)
	case vm.KindString:
		if ms, ok := vm.ParseDateTime(v.Text(), zone); ok {
			return vm.NewDateTime(ms/1000, zone)
		}
	}
	return vm.NewDateTime(nan, zone)
}

func timestamp(c *vm.Call) float64 {
	v := c.Arg(0)
	if v.IsString() {
		ms, ok := vm.ParseDateTime(v.Text(), zoneArg(c, 1, "UTC"))
		if !ok {
			return nan
		}
		return ms / 1000
	}
	return vm.EpochSeconds(v)
}

func toTimeZone(c *vm.Call) (vm.Value, error) {
	v := c.Arg(0)
	if v.Kind() != vm.KindDateTime {
		return vm.Null, vm.LibraryErrorf("Expected a DateTime")
	}
	return vm.NewDateTime(vm.EpochSeconds(v), vm.JSText(c.Arg(1))), nil
}

func dateAdd(unit string, amount float64, v vm.Value) (vm.Value, error) {
	if v.Kind() != vm.KindDate && v.Kind() != vm.KindDateTime {
		return vm.Null, vm.Errorf("Expected a Date or DateTime")
	}
	exact, months, days := 0.0, 0.0, 0.0
	switch unit {
	case "second":
		exact = amount
	case "minute":
		exact = amount * 60
	case "hour":
		exact = amount * 3600
	case "day":
		days = amount
	case "week":
		days = amount * 7
	case "month":
		months = amount
	case "year":
		months = amount * 12
	default:
		return vm.Null, vm.LibraryErrorf("Unsupported interval unit: %s", unit)
	}
	if v.Kind() == vm.KindDateTime && months == 0 && days == 0 {
		seconds, zone := v.DateTimeParts()
		return vm.NewDateTime(seconds+exact, zone), nil
	}
	t, zone, ok := moment(v)
	if !ok || !(math.Abs(months) < 1e7) || !(math.Abs(days) < 1e9) || !(math.Abs(exact) < 1e13) {
		return like(v, time.Time{}, zone, false), nil
	}
	t = addMonths(t, int(months)).AddDate(0, 0, int(days))
	exact += (days - math.Trunc(days)) * 86400
	seconds := secondsOf(t) + exact
	t, _, ok = timeIn(seconds, zone)
	return like(v, t, zone, ok), nil
}

// like gives a time as the same kind of value as v.
func like(v vm.Value, t time.Time, zone string, ok bool) vm.Value {
	switch {
	case v.Kind() == vm.KindDate && ok:
		return dateOf(t)
	case v.Kind() == vm.KindDate:
		return vm.NewDate(nan, nan, nan)
	case ok:
		return vm.NewDateTime(secondsOf(t), zone)
	}
	return vm.NewDateTime(nan, zone)
}

// addMonths keeps the day, or takes the month's last one when it is too short.
func addMonths(t time.Time, n int) time.Time {
	if n == 0 {
		return t
	}
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return time.Date(first.Year(), first.Month(), min(t.Day(), last), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
}

func dateDiff(c *vm.Call) (vm.Value, error) {
	unit := vm.JSText(c.Arg(0))
	from, ok1 := parsed(c.Arg(1))
	to, ok2 := parsed(c.Arg(2))
	seconds := float64(to.UnixMilli()-from.UnixMilli()) / 1000
	if !ok1 || !ok2 {
		seconds = nan
	}
	size := 0.0
	switch unit {
	case "second":
		size = 1
	case "minute":
		size = 60
	case "hour":
		size = 3600
	case "day":
		size = 86400
	case "week":
		return vm.Number(math.Floor(math.Floor(seconds/86400) / 7)), nil
	case "month", "year":
		n := to.Year() - from.Year()
		if unit == "month" {
			n = n*12 + int(to.Month()) - int(from.Month())
		}
		if !ok1 || !ok2 {
			return vm.Number(nan), nil
		}
		return vm.Int(n), nil
	default:
		return vm.Null, vm.LibraryErrorf("Unsupported unit for dateDiff: %s", unit)
	}
	return vm.Number(math.Floor(seconds / size)), nil
}

func dateTrunc(c *vm.Call) (vm.Value, error) {
	unit, v := vm.JSText(c.Arg(0)), c.Arg(1)
	if v.Kind() != vm.KindDateTime {
		return vm.Null, vm.LibraryErrorf("Expected a DateTime for dateTrunc")
	}
	switch unit {
	case "year", "month", "day", "hour", "minute":
		return truncate(v, unit), nil
	}
	return vm.Null, vm.LibraryErrorf("Unsupported unit for dateTrunc: %s", unit)
}

// truncate gives the beginning of a unit as a datetime in the value's zone.
func truncate(v vm.Value, unit string) vm.Value {
	t, zone, ok := moment(v)
	if !ok {
		return vm.NewDateTime(nan, zone)
	}
	y, mo, d := t.Date()
	switch unit {
	case "year":
		t = time.Date(y, 1, 1, 0, 0, 0, 0, t.Location())
	case "month":
		t = time.Date(y, mo, 1, 0, 0, 0, 0, t.Location())
	case "week":
		t = time.Date(y, mo, d-(int(t.Weekday())+6)%7, 0, 0, 0, 0, t.Location())
	case "day":
		t = time.Date(y, mo, d, 0, 0, 0, 0, t.Location())
	case "hour":
		// Subtracting keeps the hour's own occurrence when clocks are set back.
		t = t.Add(-time.Duration(t.Minute())*time.Minute - time.Duration(t.Second())*time.Second - time.Duration(t.Nanosecond()))
	case "minute":
		t = t.Add(-time.Duration(t.Second())*time.Second - time.Duration(t.Nanosecond()))
	}
	return vm.NewDateTime(secondsOf(t), zone)
}

func starter(unit string) vm.HostFunc {
	return func(c *vm.Call) (vm.Value, error) {
		v := c.Arg(0)
		if v.Kind() != vm.KindDate && v.Kind() != vm.KindDateTime {
			return vm.Null, vm.LibraryErrorf("Expected a Date or DateTime")
		}
		return truncate(v, unit), nil
	}
}

func extract(c *vm.Call) (vm.Value, error) {
	part := vm.JSText(c.Arg(0))
	t, ok := parsed(c.Arg(1))
	n := 0
	switch part {
	case "year":
		n = t.Year()
	case "month":
		n = int(t.Month())
	case "day":
		n = t.Day()
	case "hour":
		n = t.Hour()
	case "minute":
		n = t.Minute()
	case "second":
		n = t.Second()
	default:
		return vm.Null, vm.LibraryErrorf("Unknown extract part: %s", part)
	}
	if !ok {
		return vm.Number(nan), nil
	}
	return vm.Int(n), nil
}

func calendar(f func(time.Time) int) vm.HostFunc {
	return plain(func(c *vm.Call) vm.Value {
		t, ok := parsed(c.Arg(0))
		if !ok {
			return vm.Number(nan)
		}
		return vm.Int(f(t))
	})
}

func interval(unit string) vm.HostFunc {
	return plain(func(c *vm.Call) vm.Value {
		d := vm.NewDict(3)
		d.Set("__hogInterval__", vm.True)
		d.Set("value", c.Arg(0))
		d.Set("unit", vm.String(unit))
		return d
	})
}
