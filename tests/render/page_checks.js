// Accessibility checks: accessible names, order of headings, and contrast of text.
const shortened = (one) => one.outerHTML.slice(0, 160);

var unnamed = () =>
  [...document.querySelectorAll("button, select, input, img, [role=button], [role=region], dialog")]
    .filter((one) => !(one.ariaLabel || one.textContent.trim() || one.alt || one.title
      || one.labels?.[0]?.textContent.trim() || one.getAttribute("aria-labelledby")))
    .map(shortened);

var skippedHeadings = () => {
  const levels = [...document.querySelectorAll("body > header h1, main h2, main h3, main h4")].map((one) => Number(one.tagName[1]));
  return levels.filter((level, at) => level > (levels[at - 1] ?? 0) + 1);
};

// Contrast as WCAG defines it; 4.5 is what its level AA asks of small text.
const parts = (color) => color.match(/[\d.]+/g).map(Number);
const linear = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
const luminance = ([red, green, blue]) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
const ground = (one) => {
  for (; one; one = one.parentElement) {
    const color = parts(getComputedStyle(one).backgroundColor);
    if (color.length === 3 || color[3] > 0.99) return color;
  }
  return [255, 255, 255];
};
const contrast = (one) => {
  const [dark, light] = [luminance(parts(getComputedStyle(one).color)), luminance(ground(one))].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};
var faint = () =>
  [...document.querySelectorAll("body *")]
    .filter((one) => one.checkVisibility() && !one.closest("svg, .disabled, script"))
    .filter((one) => [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()))
    .filter((one) => contrast(one) < 4.5)
    .map((one) => `${contrast(one).toFixed(2)} ${shortened(one)}`);
