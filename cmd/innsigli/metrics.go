package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/innsigli/innsigli"
)

// metrics counts requests; the backlog is read when it is asked for.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec

	mailsRefused prometheus.Counter
	textsRefused prometheus.Counter
}

func newMetrics() *metrics {
	return &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "innsigli_http_requests_total", Help: "Requests by method, route and status.",
		}, []string{"method", "route", "status"}),
		mailsRefused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "innsigli_mail_limit_refusals_total", Help: "Requests of companies that would have written to more addresses than they may within an hour.",
		}),
		textsRefused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "innsigli_text_limit_refusals_total", Help: "Codes that were asked for by SMS or call while a limit of the hour was reached.",
		}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "innsigli_http_request_seconds", Help: "Time to answer, by route.", Buckets: prometheus.DefBuckets,
		}, []string{"route"}),
	}
}

// observe counts one request. Methods are of an open set that a client chooses, routes are not.
func (m *metrics) observe(method, route string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions:
	default:
		method = "other"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

func (m *metrics) handler(s *server) http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(m.requests, m.seconds, m.mailsRefused, m.textsRefused, backlog{s}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
}

// backlog tells what the queue holds.
type backlog struct{ s *server }

var (
	descJobs    = prometheus.NewDesc("innsigli_jobs", "Jobs by state and kind.", []string{"state", "kind"}, nil)
	descRunning = prometheus.NewDesc("innsigli_jobs_running", "Jobs in the hands of a worker.", nil, nil)
	descHeld    = prometheus.NewDesc("innsigli_owner_copies_held", "Documents that wait for the delivery of their owner's copy.", nil, nil)
	descSealing = prometheus.NewDesc("innsigli_processes_sealing", "Processes that wait for their seal.", nil, nil)
	descLate    = prometheus.NewDesc("innsigli_jobs_late_seconds", "How long the oldest due job has been waiting.", nil, nil)
	descCert    = prometheus.NewDesc("innsigli_certificate_seconds", "Time until a certificate expires that this server signs with.", []string{"certificate"}, nil)
	descPending = prometheus.NewDesc("innsigli_seals_pending", "Sealed documents whose time stamps and revocation data are still to be added.", nil, nil)
	descSeal    = prometheus.NewDesc("innsigli_seal_certificate_seconds", "Time until the seal's certificate expires.", nil, nil)
	descClock   = prometheus.NewDesc("innsigli_clock_synchronized", "Whether the machine's clock is synchronised, as its kernel says; left out where it does not say.", nil, nil)
	descWithin  = prometheus.NewDesc("innsigli_clock_error_seconds", "How far the machine's clock is off at most, as its kernel says.", nil, nil)
)

// Describe implements prometheus.Collector.
func (b backlog) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descJobs, descRunning, descHeld, descSealing, descLate, descSeal, descCert, descPending, descClock, descWithin} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (b backlog) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	q, err := b.s.db.Backlog(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(descRunning, err)
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for kind, n := range q.Ready {
		gauge(descJobs, float64(n), "ready", string(kind))
	}
	for kind, n := range q.Dead {
		gauge(descJobs, float64(n), "dead", string(kind))
	}
	late := 0.0
	if !q.Oldest.IsZero() {
		late = max(0, b.s.now().Sub(q.Oldest).Seconds())
	}
	gauge(descRunning, float64(q.Running))
	gauge(descHeld, float64(q.Held))
	gauge(descSealing, float64(q.Sealing))
	gauge(descPending, float64(q.Pending))
	gauge(descLate, late)
	gauge(descSeal, b.s.trust.seal().NotAfter().Sub(b.s.now()).Seconds())
	for _, c := range b.s.trust.certificates() {
		gauge(descCert, c.NotAfter.Sub(b.s.now()).Seconds(), c.Name)
	}
	clock := b.s.svc.MachineClock()
	switch clock.State {
	case innsigli.ClockSynchronized:
		gauge(descClock, 1)
	case innsigli.ClockUnsynchronized:
		gauge(descClock, 0)
	case innsigli.ClockUnknown:
	}
	if clock.Error != nil {
		gauge(descWithin, float64(clock.Error.Maximum)/1e6)
	}
}
