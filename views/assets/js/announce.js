// say and alarm put a text into the two live regions of the shell. The same
// text twice is spoken twice, because the region is emptied in between.
const put = (id, text) => {
  const region = document.getElementById(id);
  if (!region) return;
  region.textContent = "";
  setTimeout(() => (region.textContent = text), 50);
};

export const say = (text) => put("announce", text);
export const alarm = (text) => put("alert", text);
