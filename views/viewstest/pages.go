package viewstest

func (s *Server) mountPages() {}
