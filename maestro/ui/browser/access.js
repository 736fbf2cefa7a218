// Three manners that Streamlit lacks.
// A voice: Streamlit puts a status whose words changed into the page anew, and not every screen reader reads out what is new. So one
// place that stays is told what changed, and no more: no clock that ticks, no words that stand there as before.
// A place for the keyboard: where the button that had it went away or was disabled, it comes back to it, or to what is nearest to it.
// A way to scroll: what is longer than its box can be reached by keyboard.

const SETTLE_MS = 150
const ARRIVE_MS = 2000 // what stands on a page when it is opened is no news
const CALM_MS = 500 // until what takes a lost button's place has surely been drawn
const LOST_MS = 4000 // within which what took a lost button's place is looked for
const STATUS = '[data-testid="stHtml"] [role="status"]'
const REACHED = 'button, a[href], textarea, input:not([type="file"]), select, summary, [tabindex="0"]'
const WAYS_BACK = '[class*="st-key-taken-away"], [class*="st-key-gallery-undo"], [class*="st-key-projects-undo"]'
const TAKES_AWAY = /^(delete|out|lightbox-out)-/
const BRINGS_BACK = /^(restore-|gallery-undo-|projects-undo)/
const SAID_MS = 3000 // a screen reader has taken it up by then; who walks through the page should not find it there a second time
const QUIET_MS = 4000 // who hears that a shot is there need not hear how many there are

class Voice {
  known = new Map()
  page = ""
  openedAt = 0
  rowsAt = -QUIET_MS

  constructor() {
    this.region = document.createElement("div")
    this.region.className = "m-hidden"
    this.region.ariaLive = "polite"
    this.region.dataset.liveAnnouncer = "true" // what makes the rest of the page silent under a dialog leaves this out
    document.body.append(this.region)
  }

  listen() {
    this.arrive()
    const now = new Map(), rows = [], counts = [], others = []
    const isCounted = Boolean(document.querySelector(".m-count"))
    for (const one of document.querySelectorAll(STATUS)) {
      one.ariaLive = "off" // said below, once
      const place = placeOf(one, now), before = this.known.get(place)
      const { about, take, first } = one.dataset, busy = "busy" in one.dataset
      const words = before || !first ? wordsOf(one) : first
      now.set(place, { words: wordsOf(one), take: Number(take) })
      const isMore = Number(take) > before?.take
      if (!words || (before ? before.words === words && !isMore : this.isArriving() || (about && !busy))) continue
      if (one.matches(".m-count")) counts.push(words)
      else if (!about) others.push(words)
      else if (!busy || !isCounted) rows.push(isMore && !busy ? `${about}: take ${take} is there` : `${about}: ${words}`)
    }
    this.known = now
    if (rows.length) this.rowsAt = performance.now()
    const isTold = performance.now() < this.rowsAt + QUIET_MS
    this.say([...rows, ...(isTold ? [] : counts), ...others])
  }

  arrive() {
    const page = document.title + location.search
    if (this.page === page) return
    this.page = page
    this.openedAt = performance.now()
    this.known.clear()
  }

  isArriving() { return performance.now() < this.openedAt + ARRIVE_MS }

  say(sentences) {
    if (!sentences.length) return
    const words = sentences.join(". ")
    this.region.textContent = this.region.textContent === words ? `${words}\u00a0` : words
    clearTimeout(this.over)
    this.over = setTimeout(() => { this.region.textContent = "" }, SAID_MS)
  }
}

class Place {
  at = null // what had the keyboard last: {element, ways}: from its own container outwards, {key, number among what can be reached}
  taken = null // what took something away last
  isByKey = false
  lostAt = null

  constructor() {
    document.addEventListener("keydown", () => (this.isByKey = true), { capture: true, passive: true })
    document.addEventListener("pointerdown", () => { this.isByKey = false; this.at = null }, { capture: true, passive: true })
    document.addEventListener("focusin", ({ target }) => this.reached(target), { capture: true, passive: true })
  }

  reached(element) {
    this.lostAt = null
    const ways = keysOf(element).map((key) => ({ key, number: Math.max(0, reachable(containerOf(key)).indexOf(element)) }))
    this.at = ways.length ? { element, ways } : null
  }

  // Whether it has to look again soon. Who uses a mouse is given no place: a key pressed later should not land on a button.
  look() {
    const { at } = this
    if (!at || !this.isByKey || !isNowhere()) return false
    if (at.element.isConnected) {
      if (isReachable(at.element)) at.element.focus({ preventScroll: true }) // it was disabled while its work was under way
      return false
    }
    this.lostAt ??= performance.now()
    if (performance.now() > this.lostAt + LOST_MS) { this.at = null; return false }
    if (isRunning() || performance.now() < this.lostAt + CALM_MS) return true
    const isTaking = TAKES_AWAY.test(at.ways[0].key)
    this.next(at)?.focus({ preventScroll: !isTaking })
    if (isTaking) this.taken = at
    return isNowhere()
  }

  next({ ways }) {
    const [own, ...around] = ways
    const first = TAKES_AWAY.test(own.key) ? reachable(document.querySelector(WAYS_BACK))[0] : null
    const back = this.taken && BRINGS_BACK.test(own.key) ? inside(this.taken.ways[0]) : null
    return first ?? back ?? [own, ...around].map(inside).find(Boolean)
  }
}

const isNowhere = () => !document.activeElement || document.activeElement === document.body

const isReachable = (one) => one.isConnected && !one.disabled && one.checkVisibility({ visibilityProperty: true })

const reachable = (container) => (container ? [...container.querySelectorAll(REACHED)].filter(isReachable) : [])

const isRunning = () => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "running"

function inside({ key, number }) {
  const all = reachable(containerOf(key))
  return all[Math.min(number, all.length - 1)]
}

const containerOf = (key) => (key ? document.querySelector(`.st-key-${CSS.escape(key)}`) : null)

function keysOf(element) {
  const keys = []
  for (let one = element.closest('[class*="st-key-"]'); one; one = one.parentElement?.closest('[class*="st-key-"]')) {
    keys.push(...[...one.classList].filter((name) => name.startsWith("st-key-")).map((name) => name.slice(7)))
  }
  return keys
}

// The same for what is drawn anew: the container's key, and which of its statuses it is.
function placeOf(one, others) {
  const key = keysOf(one)[0] ?? ""
  let number = 0
  while (others.has(`${key}/${number}`)) number += 1
  return `${key}/${number}`
}

function wordsOf(one) {
  const still = one.cloneNode(true)
  for (const one of still.querySelectorAll('[role="timer"], [data-since], li:not([aria-current])')) one.remove()
  for (const one of still.querySelectorAll("li")) one.append(", ")
  return still.textContent.replace(/\s+/g, " ").replace(/^[ ·]+|[ ·]+$/g, "")
}

// Whether it is longer is known when it has its size, which may be after the last change of the page.
const sizes = new ResizeObserver((changes) => changes.forEach(({ target }) => openScrolled(target)))

function openScrolled(one) {
  if (one.scrollHeight > one.clientHeight || one.scrollWidth > one.clientWidth) one.tabIndex = 0
  else one.removeAttribute("tabindex")
  sizes.observe(one)
}

export default function () {
  if (window.__maestroAccess) return
  const voice = new Voice(), place = new Place()
  let soon = null
  const look = () => {
    soon = null
    voice.listen()
    document.querySelectorAll('[data-testid="stCode"] pre').forEach(openScrolled)
    if (place.look()) soon = setTimeout(look, SETTLE_MS)
  }
  window.__maestroAccess = new MutationObserver(() => (soon ??= setTimeout(look, SETTLE_MS)))
  window.__maestroAccess.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["disabled"] })
  look()
}
