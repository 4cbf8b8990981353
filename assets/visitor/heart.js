/** The heart with which a visitor keeps a connection. */
const PATH = "M12 20.2C5.6 15.7 3 12.4 3 8.9 3 6.2 5.1 4.2 7.6 4.2c1.8 0 3.4 1 4.4 2.6 1-1.6 2.6-2.6 4.4-2.6 2.5 0 4.6 2 4.6 4.7 0 3.5-2.6 6.8-9 11.3z";
const SVG = "http://www.w3.org/2000/svg";

export function heartIcon() {
  const [icon, path] = ["svg", "path"].map((tag) => document.createElementNS(SVG, tag));
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("class", "heart-icon");
  icon.setAttribute("aria-hidden", "true");
  path.setAttribute("d", PATH);
  icon.append(path);
  return icon;
}
