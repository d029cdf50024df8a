package viewstest

func (s *Server) mountPages()    {}
func (s *Server) mountPipeline() {}
