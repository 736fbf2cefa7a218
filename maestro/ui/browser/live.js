// Keeps fragments up to date. One hub a tab listens to the server's events; each fragment's listener says at which number it was
// drawn and is triggered when the server's number is greater. Nothing is lost by a trigger that comes to nothing: it is sent again.

const TICK_MS = 300
const SPACING_MS = 60 // Streamlit merges what happens within a frame into one run of one fragment
const AGAIN_MS = 3000
const PATIENCE_MS = 1500
const POLL_BUSY_MS = 1000
const POLL_MS = 4000
const HOVER_MS = 4000
const AFTER_CLICK_MS = 1500
const AFTER_DEED_MS = 150 // by then the run that a click asks for is under way, and it draws what the click changed
const ASIDE_MS = 20
const ARRIVE_MS = 2500
const BLANK_MS = 1500
const RELOADED = "maestro-reloaded-at"
const RELOAD_AGAIN_MS = 30000
const NARROW_PX = 768 // below it the sidebar lies over the page

const closeSidebar = () => document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click()

class Hub {
  listeners = new Map()
  numbers = new Map()
  epoch = null
  project = null
  source = null
  retryAt = 0
  lastFired = 0
  actedAt = -AFTER_DEED_MS
  isLeaving = false
  runningSince = null
  heldUntil = 0
  timer = null

  constructor() {
    const link = event => event.target?.closest?.('[data-testid="stSidebar"] a')
    const hold = (event, ms) => link(event) && (this.heldUntil = performance.now() + ms)
    document.addEventListener("pointermove", event => hold(event, HOVER_MS), { capture: true, passive: true })
    document.addEventListener("pointerdown", event => hold(event, HOVER_MS), { capture: true, passive: true })
    document.addEventListener("pointerout", event => link(event) && !event.buttons && (this.heldUntil = 0), { capture: true, passive: true })
    document.addEventListener("click", event => this.followed(event, link(event)), { capture: true })
    const app = document.querySelector('[data-testid="stApp"]')
    if (app) new MutationObserver(() => this.soon && this.check()).observe(app, { attributeFilter: ["data-test-script-state"] })
    const acted = event => (event.type !== "keydown" || ["Enter", "Escape"].includes(event.key)) && this.acted()
    for (const deed of ["click", "focusout", "keydown"]) document.addEventListener(deed, acted, { capture: true, passive: true })
  }

  // What the user does and what a listener sends leave together when they meet within a moment, as one run of one fragment: the
  // listener's, when it came first. Then nobody knows whose drawing is missing, and all are asked to draw once more.
  acted() {
    this.actedAt = performance.now()
    if (!this.isLeaving) return
    for (const listener of this.listeners.values()) listener.isWanted = true
    this.later()
  }

  // A fragment was drawn: first, or again at a greater number.
  drawn(host, data, fire) {
    const known = this.listeners.get(host)
    const listener = known ?? { sentAt: 0, sentFor: -1, drawnAt: 0 }
    if (listener.number !== data.number || listener.epoch !== data.epoch) listener.sentFor = -1
    Object.assign(listener, data, { fire, drawnAt: performance.now(), isWanted: false })
    if (!known) this.listeners.set(host, listener)
    this.connect(data.project, data.served)
    this.check()
  }

  gone(host) {
    this.listeners.delete(host)
    if (this.listeners.size) return
    clearTimeout(this.timer)
    setTimeout(() => this.listeners.size || this.close(), 1000)
    setTimeout(() => this.listeners.size || this.rescue(), BLANK_MS)
  }

  // Should Streamlit have emptied the page all the same, it is asked for anew: what is on disk and what was typed is there again.
  rescue() {
    if (this.isRunning() || document.querySelector('[data-testid="stMain"] [data-testid="stElementContainer"]')) return
    if (Date.now() - Number(sessionStorage.getItem(RELOADED)) < RELOAD_AGAIN_MS) return
    sessionStorage.setItem(RELOADED, Date.now())
    location.reload()
  }

  connect(project, served) {
    if (!served || (this.source && this.project === project)) return
    if (this.project === project && performance.now() < this.retryAt) return
    this.close()
    this.project = project
    const source = (this.source = new EventSource(`/events/${encodeURIComponent(project)}`))
    source.onmessage = event => this.heard(JSON.parse(event.data))
    source.onerror = () => {
      this.rest()
      if (source.readyState !== EventSource.CLOSED || this.source !== source) return
      this.source = null
      this.retryAt = performance.now() + 5000
    }
  }

  close() {
    this.source?.close()
    this.source = null
    this.numbers.clear()
    this.epoch = null
  }

  heard({ epoch, numbers }) {
    if (epoch !== this.epoch) this.numbers.clear()
    this.epoch = epoch
    for (const [topic, number] of Object.entries(numbers)) this.numbers.set(topic, number)
    this.check()
  }

  // Streamlit leaves behind what a run no longer draws when another run is waiting at its end: so one asks after the other.
  isRunning() {
    const isRunning = document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "running"
    this.runningSince = isRunning ? this.runningSince ?? performance.now() : null
    return isRunning
  }

  check() {
    const now = performance.now()
    if (now < this.heldUntil || now < this.lastFired + SPACING_MS || now < this.actedAt + AFTER_DEED_MS) return this.later()
    if (this.isRunning() && now < Math.max(this.lastFired, this.runningSince) + PATIENCE_MS) return this.later()
    // Who waits for a row's picture should not wait for the sidebar and the filmstrip.
    const due = [...this.listeners.values()].map(listener => ({ listener, number: this.due(listener, now) }))
    const [first] = due.filter(({ number }) => number !== null).sort((a, b) => this.turn(a.listener) - this.turn(b.listener))
    if (!first) return this.rest()
    this.ask(first.listener, first.number)
    this.later()
  }

  ask(listener, number) {
    this.lastFired = performance.now()
    Object.assign(listener, { sentAt: this.lastFired, sentFor: number, isWanted: false })
    this.isLeaving = true
    listener.fire(number)
    setTimeout(() => { this.isLeaving = false }) // Streamlit sends what it has in a timeout of its own, which was set before this one
  }

  // What has changed comes before what is only drawn once more; then the first ones, and among them and the others the narrowest.
  turn(listener) {
    return (this.isOutdated(listener) ? 0 : 10000) + (listener.first ? 0 : 1000) + listener.topics.length
  }

  later() {
    this.soon ??= setTimeout(() => { this.soon = null; this.check() }, SPACING_MS)
  }

  // Nothing is due. A page that nobody touches does nothing: it looks again only where nobody would tell it to, that is when a run
  // that was asked for may have been lost, or when there are no events.
  rest() {
    clearTimeout(this.timer)
    const isIdle = this.isTold() && ![...this.listeners.values()].some(listener => this.isBehind(listener))
    if (!isIdle) this.timer = setTimeout(() => this.check(), TICK_MS)
  }

  isTold() {
    return this.source?.readyState === EventSource.OPEN && this.epoch !== null
  }

  number(listener) {
    return Math.max(0, ...listener.topics.map(topic => this.numbers.get(topic) ?? 0))
  }

  isOutdated(listener) {
    return listener.epoch !== this.epoch || this.number(listener) > listener.number
  }

  isBehind(listener) {
    return listener.isWanted || this.isOutdated(listener)
  }

  // The number to send, or null when the listener is up to date or waits for its run.
  due(listener, now) {
    if (!this.isTold()) return this.polled(listener, now)
    const number = this.number(listener)
    const isWaiting = !listener.isWanted && listener.sentFor >= 0 && now < listener.sentAt + AGAIN_MS
    return this.isBehind(listener) && !isWaiting ? number : null
  }

  polled(listener, now) {
    if (document.hidden) return null
    if (listener.served) {
      this.connect(listener.project, true)
      if (this.source && now < listener.drawnAt + POLL_MS) return null
    }
    const pause = listener.busy ? POLL_BUSY_MS : POLL_MS
    return now > Math.max(listener.sentAt, listener.drawnAt) + pause ? listener.number : null
  }

  // A popover that the click closes may have that to tell, too.
  leave(link, until) {
    const open = document.querySelector('[data-testid="stPopoverBody"]')
    open?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }))
    const isReady = !open || performance.now() > until
    setTimeout(() => (isReady ? link.isConnected && link.click() : this.leave(link, until)), ASIDE_MS)
  }

  // What a field or a listener has to send leaves a moment after it was handed to Streamlit. Sent after the request for another page
  // it would turn the server back to the page it came from, and the browser would show neither: so the link waits for its turn.
  // Streamlit can also lose a page link's click when a run is under way: the page that was asked for is asked for once more.
  followed(event, link) {
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return
    this.heldUntil = performance.now() + AFTER_CLICK_MS
    if (!event.isTrusted) {
      if (innerWidth < NARROW_PX) setTimeout(closeSidebar)
      return
    }
    event.preventDefault()
    event.stopPropagation()
    this.leave(link, performance.now() + PATIENCE_MS)
    if (link.href === location.href) return
    const before = [document.title, this.project].join()
    setTimeout(() => {
      const hasArrived = [document.title, this.project].join() !== before
      if (!hasArrived && link.isConnected) link.click()
    }, ARRIVE_MS)
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const hub = (window.__maestro ??= new Hub())
  hub.drawn(parentElement, data, number => setTriggerValue("changed", number))
  return () => hub.gone(parentElement)
}
