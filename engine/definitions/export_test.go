package definitions

// Limit bounds what is learnt of a project that was not met yet.
func (c *Collector) Limit(events, properties, pairs int) { c.most = limits{events, properties, pairs} }
