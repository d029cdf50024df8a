package db

type catalogue struct{ p *pool }

func newCatalogue(p *pool) *catalogue { return &catalogue{p: p} }
