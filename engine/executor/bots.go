package executor

import (
	"net/netip"
	"strings"
)

// botWords are parts of the user agents of crawlers and of programs that fetch
// pages, in lower case. The list is short and known to be incomplete: crawlers
// that mean to be recognised say "bot", "crawler" or "spider".
var botWords = strings.Fields(`
	bot crawler spider crawling slurp mediapartners facebookexternalhit facebookcatalog ia_archiver
	headlesschrome phantomjs lighthouse pingdom pagespeed gtmetrix uptimerobot statuscake site24x7 datadogsynthetics
	python-requests python-urllib aiohttp httpx curl/ wget/ libwww-perl go-http-client okhttp java/ scrapy
	ahrefs semrush dotbot mj12 bingpreview yandex baiduspider duckduck applebot petalbot bytespider gptbot
	chatgpt-user oai-searchbot claudebot claude-web anthropic-ai perplexity ccbot google-extended googleother
	google-inspectiontool adsbot apis-google feedfetcher whatsapp telegrambot slackbot discordbot twitterbot
	linkedinbot pinterest embedly quora vercel-screenshot`)

// botNetworks are networks from which the large crawlers come.
var botNetworks = func() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range strings.Fields(`
		66.249.64.0/19 64.233.160.0/19 157.55.39.0/24 207.46.13.0/24 40.77.167.0/24 13.66.139.0/24
		17.241.208.160/27 17.241.193.160/27 54.236.1.0/24 69.171.224.0/19 31.13.24.0/21
		2001:4860:4801::/48`) {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}()

// botAgent reports whether a user agent is a known bot's.
func botAgent(agent string) bool {
	agent = strings.ToLower(agent)
	for _, w := range botWords {
		if strings.Contains(agent, w) {
			return true
		}
	}
	return false
}

// botAddress reports whether an address is a known bot's.
func botAddress(text string) bool {
	a, err := netip.ParseAddr(strings.TrimSpace(text))
	if err != nil {
		return false
	}
	a = a.Unmap()
	for _, p := range botNetworks {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
