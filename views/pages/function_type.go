package pages

import "hogpen/cdp"

// TypeName is what people call one function of a type.
func TypeName(t cdp.Type) string {
	switch t {
	case cdp.Destination:
		return "Destination"
	case cdp.Transformation:
		return "Transformation"
	case cdp.InternalDestination:
		return "Notification"
	case cdp.SourceWebhook, cdp.WarehouseWebhook:
		return "Source"
	case cdp.SiteDestination:
		return "Site destination"
	case cdp.SiteApp:
		return "Site app"
	case cdp.Broadcast:
		return "Broadcast"
	}
	return string(t)
}

// TypeIcon is the icon that stands for a type.
func TypeIcon(t cdp.Type) string {
	switch t {
	case cdp.Transformation:
		return "shuffle"
	case cdp.InternalDestination:
		return "bell"
	case cdp.SourceWebhook, cdp.WarehouseWebhook:
		return "webhook"
	case cdp.SiteDestination, cdp.SiteApp:
		return "globe"
	}
	return "send"
}
