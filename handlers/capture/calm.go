package capture

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"hogpen/cdp"
)

// What SDKs ask besides sending events. The answers say "nothing here" in the
// shape each expects, so that none logs an error or asks again (runtime
// specification 1.15).

// remoteConfig is what posthog-js fetches at start. Its members are
// PostHog's, in PostHog's order.
type remoteConfig struct {
	Token                 string        `json:"token"`
	SupportedCompression  []string      `json:"supportedCompression"`
	HasFeatureFlags       bool          `json:"hasFeatureFlags"` // false: /flags is not asked
	CaptureDeadClicks     bool          `json:"captureDeadClicks"`
	CapturePerformance    bool          `json:"capturePerformance"`
	AutocaptureOptOut     bool          `json:"autocapture_opt_out"`
	AutocaptureExceptions bool          `json:"autocaptureExceptions"`
	Analytics             analytics     `json:"analytics"`
	ElementsChainAsString bool          `json:"elementsChainAsString"`
	ErrorTracking         errorTracking `json:"errorTracking"`
	SessionRecording      bool          `json:"sessionRecording"`
	Heatmaps              bool          `json:"heatmaps"`
	Surveys               bool          `json:"surveys"`
	DefaultIdentifiedOnly bool          `json:"defaultIdentifiedOnly"`
	SiteApps              []string      `json:"siteApps,omitempty"`
}

type analytics struct {
	Endpoint string `json:"endpoint"`
}

type errorTracking struct {
	AutocaptureExceptions bool     `json:"autocaptureExceptions"`
	SuppressionRules      []string `json:"suppressionRules"`
}

func newRemoteConfig(token string) remoteConfig {
	return remoteConfig{
		Token:                 token,
		SupportedCompression:  []string{"gzip", "gzip-js"},
		Analytics:             analytics{Endpoint: "/i/v0/e/"},
		ElementsChainAsString: true,
		ErrorTracking:         errorTracking{SuppressionRules: []string{}},
		DefaultIdentifiedOnly: true,
	}
}

// RemoteConfig answers posthog-js with its configuration as JSON; 404 for a
// token of no project.
func (h *Handler) RemoteConfig(c *fiber.Ctx) error {
	token, _, err := h.pathToken(c)
	if err != nil {
		return err
	}
	// The list of site apps is always empty here: they come with the script.
	b, err := json.Marshal(struct {
		remoteConfig
		SiteApps []string `json:"siteApps"`
	}{newRemoteConfig(token), []string{}})
	if err != nil {
		return fmt.Errorf("remote config: %w", err)
	}
	return cached(c, "application/json", b)
}

// RemoteConfigScript answers with the same configuration as a script, and with
// the functions that run in the site.
func (h *Handler) RemoteConfigScript(c *fiber.Ctx) error {
	token, project, err := h.pathToken(c)
	if err != nil {
		return err
	}
	apps, err := h.sites.of(c.UserContext(), project)
	if err != nil {
		return err
	}
	key, err := json.Marshal(token)
	if err != nil {
		return fmt.Errorf("remote config: %w", err)
	}
	config, err := json.Marshal(newRemoteConfig(token))
	if err != nil {
		return fmt.Errorf("remote config: %w", err)
	}
	script := fmt.Sprintf(`(function () {
  window._POSTHOG_REMOTE_CONFIG = window._POSTHOG_REMOTE_CONFIG || {};
  window._POSTHOG_REMOTE_CONFIG[%s] = {
    config: %s,
    siteApps: %s
  };
})();
`, key, config, apps)
	return cached(c, "application/javascript; charset=utf-8", []byte(script))
}

// pathToken is the token of the path, and the project that has it.
func (h *Handler) pathToken(c *fiber.Ctx) (string, cdp.ProjectID, error) {
	token, err := checkToken(c.Params("token"))
	if err != nil {
		return "", 0, fiber.ErrNotFound
	}
	project, err := h.tokens.find(c.UserContext(), token)
	if cdp.HasCode(err, cdp.NotFound) {
		return "", 0, fiber.ErrNotFound
	}
	if err != nil {
		return "", 0, fmt.Errorf("project of the token: %w", err)
	}
	return token, project.ID, nil
}

// cached lets browsers keep an answer for a minute and ask whether it
// changed.
func cached(c *fiber.Ctx, kind string, body []byte) error {
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	c.Set(fiber.HeaderCacheControl, "public, max-age=60")
	c.Set(fiber.HeaderETag, tag)
	if c.Get(fiber.HeaderIfNoneMatch) == tag {
		return c.SendStatus(fiber.StatusNotModified)
	}
	return constant(c, kind, body)
}

func constant(c *fiber.Ctx, kind string, body []byte) error {
	c.Status(fiber.StatusOK)
	c.Response().Header.SetContentType(kind)
	c.Response().SetBodyRaw(body)
	return nil
}

func calm(c *fiber.Ctx, body string) error { return constant(c, "application/json", []byte(body)) }

// Flags says that there are no feature flags.
func (h *Handler) Flags(c *fiber.Ctx) error {
	return calm(c, fmt.Sprintf(`{"flags": {}, "errorsWhileComputingFlags": false, "quotaLimited": [], "requestId": "%s", "evaluatedAt": %d}`,
		uuid.NewString(), h.c.Now().UnixMilli()))
}

// Decide is what older SDKs ask instead of Flags and RemoteConfig.
func (h *Handler) Decide(c *fiber.Ctx) error {
	return calm(c, `{"config": {"enable_collect_everything": true}, "featureFlags": {}, "featureFlagPayloads": {}, "flags": {}, `+
		`"errorsWhileComputingFlags": false, "toolbarParams": {}, "isAuthenticated": false, "supportedCompression": ["gzip", "gzip-js"], `+
		`"siteApps": [], "sessionRecording": false, "surveys": false, "capturePerformance": false, "autocapture_opt_out": false, `+
		`"analytics": {"endpoint": "/i/v0/e/"}, "elementsChainAsString": true, "defaultIdentifiedOnly": true}`)
}

// Surveys says that there are none.
func (h *Handler) Surveys(c *fiber.Ctx) error { return calm(c, `{"surveys": []}`) }

// EarlyAccessFeatures says that there are none.
func (h *Handler) EarlyAccessFeatures(c *fiber.Ctx) error {
	return calm(c, `{"earlyAccessFeatures": []}`)
}

// WebExperiments says that there are none.
func (h *Handler) WebExperiments(c *fiber.Ctx) error { return calm(c, `{"experiments": []}`) }

// LocalEvaluation tells server SDKs that there are no flags to evaluate.
func (h *Handler) LocalEvaluation(c *fiber.Ctx) error {
	return calm(c, `{"flags": [], "group_type_mapping": {}, "cohorts": {}}`)
}
