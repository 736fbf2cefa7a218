// Lets the page's clocks tick without asking the server: `data-began` (ms since 1970) with `data-expected` (s, may be empty)
// becomes "12 s · about 8 s left"; `data-until` becomes "trying again in 12 s"; `data-since` becomes "saved 2 s ago".
// It ticks only while there is something to tick, and what is past slower than what is awaited.
const TICK_MS = 500
const PAST_TICK_MS = 5000
const CLOCKS = "[data-began], [data-until], [data-since]"
const AWAITED = "[data-began], [data-until]"

export default function () {
  tick()
  if (window.maestroClock) return
  window.maestroClock = new MutationObserver(changes => changes.some(brings) && tick())
  window.maestroClock.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-began", "data-until", "data-since"] })
}

// Whether a clock came with it; its own words are no element.
const brings = ({ type, addedNodes }) =>
  type === "attributes" || [...addedNodes].some(node => node.nodeType === Node.ELEMENT_NODE && (node.matches(CLOCKS) || node.querySelector(CLOCKS)))

let next = 0

function tick() {
  clearTimeout(next)
  for (const clock of document.querySelectorAll("[data-began]")) show(clock, running(clock.dataset))
  for (const clock of document.querySelectorAll("[data-until]")) show(clock, waiting(clock.dataset.until))
  for (const clock of document.querySelectorAll("[data-since]")) show(clock, `saved ${ago(passed(clock.dataset.since))}`)
  if (document.querySelector(AWAITED)) next = setTimeout(tick, TICK_MS)
  else if (document.querySelector(CLOCKS)) next = setTimeout(tick, PAST_TICK_MS)
}

// Touches the page only when the words change, so that a screen reader is not asked to look twice a second.
function show(clock, words) {
  if (clock.textContent !== words) clock.textContent = words
}

const passed = (moment_ms) => Math.max(0, (Date.now() - Number(moment_ms)) / 1000)

function running({ began, expected }) {
  const elapsed_s = passed(began)
  const left_s = Number(expected) - elapsed_s
  if (!expected) return seconds(elapsed_s)
  return left_s >= 0.5 ? `${seconds(elapsed_s)} · about ${seconds(Math.ceil(left_s))} left` : `${seconds(elapsed_s)} · longer than usual`
}

function waiting(until_ms) {
  const left_s = (Number(until_ms) - Date.now()) / 1000
  return left_s >= 0.5 ? `trying again in ${seconds(Math.ceil(left_s))}` : "trying again"
}

function seconds(duration_s) {
  const whole = Math.floor(duration_s)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

function ago(passed_s) {
  if (passed_s < 5) return "just now"
  if (passed_s < 60) return `${Math.floor(passed_s)} s ago`
  if (passed_s < 3600) return `${Math.floor(passed_s / 60)} min ago`
  if (passed_s < 86400) return `${Math.floor(passed_s / 3600)} h ago`
  return `${Math.floor(passed_s / 86400)} d ago`
}
