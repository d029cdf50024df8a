package executor

// TwoDigits writes a number as the last line of a run does.
func TwoDigits(f float64) string { return string(appendTwoDigits(nil, f)) }

// ISO is how programs see an instant.
var ISO = iso
