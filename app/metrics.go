package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"hogpen/cdp"
	"hogpen/engine"
)

// metrics publishes the engine's figures: they are read when somebody asks,
// so that counting costs the pipeline nothing more.
type metrics struct {
	engine *engine.Engine

	ingested, processed, duplicates, dropped, malformed, lost, putOff *prometheus.Desc
	outcomes, depth, delayed, age, functions                          *prometheus.Desc
	dead, missed                                                      *prometheus.Desc
	fetch, vm                                                         *prometheus.Desc
}

func registerMetrics(r *prometheus.Registry, e *engine.Engine) error {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("hogpen_"+name, help, labels, nil)
	}
	m := &metrics{engine: e,
		ingested:   desc("events_ingested_total", "Events stored in the queue."),
		processed:  desc("events_processed_total", "Events that went through transformations and filters."),
		duplicates: desc("events_duplicate_total", "Events that came a second time."),
		dropped:    desc("events_dropped_total", "Events that a transformation dropped."),
		malformed:  desc("messages_malformed_total", "Queue messages that could not be read."),
		lost:       desc("telemetry_lost_total", "Log and metric rows dropped because the database was too slow."),
		putOff:     desc("invocations_put_off_total", "Invocations that waited for their function's turn in the queue."),
		outcomes:   desc("outcomes_total", "What became of events for functions.", "outcome"),
		depth:      desc("queue_depth", "Messages waiting or in hand.", "topic"),
		delayed:    desc("queue_delayed", "Messages held back until later.", "topic"),
		age:        desc("queue_oldest_seconds", "Age of the oldest message that could run.", "topic"),
		functions:  desc("functions_live", "Functions that the engine runs."),
		dead:       desc("dead_letters", "Dead letters that were not replayed.", "kind"),
		missed:     desc("live_missed_total", "Items that live feeds left out because their readers were slow."),
		fetch:      desc("fetch_duration_seconds", "Attempts of outgoing requests."),
		vm:         desc("vm_duration_seconds", "Time that programs ran, without waiting."),
	}
	for _, c := range []prometheus.Collector{m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// Describe satisfies prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.ingested, m.processed, m.duplicates, m.dropped, m.malformed, m.lost, m.putOff,
		m.outcomes, m.depth, m.delayed, m.age, m.functions, m.dead, m.missed, m.fetch, m.vm} {
		ch <- d
	}
}

// Collect satisfies prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s := m.engine.Stats(ctx)
	count := func(d *prometheus.Desc, n int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, n float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, n, labels...)
	}
	count(m.ingested, s.Ingested)
	count(m.processed, s.Processed)
	count(m.duplicates, s.Duplicates)
	count(m.dropped, s.Dropped)
	count(m.malformed, s.Malformed)
	count(m.lost, s.Lost)
	count(m.putOff, s.PutOff)
	for name, n := range s.Outcomes {
		count(m.outcomes, n, string(name))
	}
	for topic, q := range s.Queues {
		gauge(m.depth, float64(q.Depth), topic)
		gauge(m.delayed, float64(q.Delayed), topic)
		gauge(m.age, q.Oldest.Seconds(), topic)
	}
	gauge(m.functions, float64(s.Functions))
	if s.DeadLetters != nil {
		for _, kind := range cdp.LetterKinds() {
			gauge(m.dead, float64(s.DeadLetters[kind]), kind)
		}
	}
	count(m.missed, s.Missed)
	ch <- histogram(m.fetch, s.Fetch)
	ch <- histogram(m.vm, s.VM)
}

func histogram(d *prometheus.Desc, h engine.Histogram) prometheus.Metric {
	buckets := map[float64]uint64{}
	for i, bound := range h.Bounds {
		buckets[bound.Seconds()] = uint64(h.Counts[i])
	}
	return prometheus.MustNewConstHistogram(d, uint64(h.Counts[len(h.Counts)-1]), h.Sum.Seconds(), buckets)
}
