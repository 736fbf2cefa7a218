// Single keys for what the page offers as buttons. One listener a tab finds the button by the beginning of its widget's key and clicks
// it, if it is in sight of the page and enabled: a key can do nothing that a click could not.
// `data`: page, keys (JSON: [{press, deed, targets}]), sheet (the list of keys as HTML). Tells `wish` {deed, shot} where there is no button.
// Keys do nothing while somebody types, and with something open over the page only what that offers. A key that is held down acts once.

const OFF = "maestro-keys-off"
const ARRIVE_MS = 2500
const SETTLE_MS = 400 // who presses twice in haste means it once
const GOING_MS = 1500
const ASK_AGAIN_MS = 1500
const ASK_TIMES = 6
const TYPED = 'textarea, select, [contenteditable="true"], [role="textbox"], [role="combobox"], [role="listbox"], [role="menu"]'
const UNTYPED = ["button", "checkbox", "radio", "submit", "file", "range"]
const MOVED = '[role="slider"], [role="option"], [role="radio"], [role="tab"], input[type="range"], input[type="radio"], video'
const HASTY = new Set(["step", "take", "click in dialog"])

class Keys {
  page = ""
  keys = []
  row = 0
  wentAt = 0
  last = { press: "", at: 0 }

  constructor() {
    document.addEventListener("keydown", (event) => this.pressed(event))
    for (const type of ["focusin", "pointerdown"]) {
      document.addEventListener(type, (event) => this.touched(event.target), { capture: true, passive: true })
    }
  }

  drawn(host, { page, keys, sheet, heard }, wish) {
    if (this.page !== page) this.mark(0)
    Object.assign(this, { page, wish, heard, keys: JSON.parse(keys), sheet })
    this.voice = host.querySelector("[role=status]")
    this.opener = host.querySelector("button")
    this.opener.onclick = () => this.list()
  }

  // --- which row

  touched(target) {
    const row = target?.closest?.('[class*="st-key-row-"]')
    const number = Number(row?.className.match(/st-key-row-(\d+)/)?.[1] ?? 0)
    if (number && this.page === "Home") this.mark(number)
  }

  mark(number) {
    this.row = number
    if (number) document.documentElement.dataset.maestroRow = number
    else delete document.documentElement.dataset.maestroRow
  }

  rowOf(number) { return number ? document.querySelector(`[data-testid="stMain"] .st-key-row-${number}`) : null }

  go(number) {
    const row = this.rowOf(number)
    if (!row) return false
    this.mark(number)
    this.wentAt = performance.now()
    const slate = row.querySelector("h2")
    if (slate) {
      slate.tabIndex = -1
      slate.focus({ preventScroll: true })
    }
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches
    row.scrollIntoView({ block: "center", behavior: isStill ? "auto" : "smooth" })
    return true
  }

  // --- what a key does

  pressed(event) {
    if (event.defaultPrevented || event.isComposing || !event.isTrusted || event.altKey || document.querySelector("dialog[open]")) return
    if (event.key === "Escape") return this.left(event.target)
    if (isTyping(event.target)) return
    const press = nameOf(event)
    if (press.length === 1 || press.startsWith("shift+")) {
      if (isOff()) return
    }
    if (/arrow/.test(press) && event.target.closest?.(MOVED)) return
    const over = [...document.querySelectorAll('[role="dialog"]')].filter(isSeen).at(-1)
    const key = this.keys.find((one) => one.press.split(" ").includes(press) && Boolean(over) === (one.deed === "click in dialog"))
    if (!key) return
    const isSoon = this.last.press === press && performance.now() - this.last.at < SETTLE_MS
    if ((event.repeat || isSoon) && !HASTY.has(key.deed)) return event.preventDefault()
    this.last = { press, at: performance.now() }
    if (this.done(key, press, over)) event.preventDefault()
  }

  done({ deed, targets }, press, over) {
    switch (deed) {
      case "list": return this.list()
      case "link": return follow(targets)
      case "step": return this.step(Number(targets[0]))
      case "number": return this.numbered(Number(press))
      case "words": return this.words()
      case "take": return this.take(Number(targets[0]))
      case "click in row": return this.inRow(targets)
      case "click in dialog": return this.click(targets, over)
      case "undo": return this.undo("undo", targets)
      case "redo": return this.undo("redo", targets)
      default: return this.click(targets, main())
    }
  }

  click(targets, within) {
    const found = targets.map((name) => find(name, within)).find(Boolean)
    found?.click()
    if (found?.type === "checkbox") this.say(found.checked ? "On" : "Off")
    return Boolean(found)
  }

  // What is done to a row is done only in sight: else the row is brought into sight, and that is all.
  inRow(targets) {
    const row = this.rowOf(this.row)
    const isComing = performance.now() - this.wentAt < GOING_MS // it scrolls there, as was asked for
    if (!row || !(isInSight(row) || isComing)) {
      const isThere = this.go(this.row || 1)
      this.wentAt = 0
      return isThere
    }
    return this.click(targets, row)
  }

  step(by) {
    if (this.page === "Home") return this.go(this.row ? Math.min(5, Math.max(1, this.row + by)) : 1)
    const isDone = this.click([by > 0 ? "next-shot" : "previous-shot"], main())
    if (isDone) this.say(by > 0 ? "Next shot" : "Previous shot")
    return isDone
  }

  numbered(number) {
    if (this.page === "Home") return this.go(number)
    const choice = main().querySelectorAll('[class*="st-key-shot-choice-"] button')[number - 1]
    choice?.click()
    if (choice) this.say(`Shot ${number}`)
    return Boolean(choice)
  }

  words() {
    const field = (this.page === "Home" ? this.rowOf(this.row || 1) : main())?.querySelector('[class*="st-key-words-"] textarea')
    field?.focus()
    field?.scrollIntoView({ block: "nearest" })
    return Boolean(field)
  }

  take(by) {
    const cells = [...main().querySelectorAll('.st-key-strip [class*="st-key-choose-"] button')]
    const next = cells[cells.findIndex((one) => one.disabled) + by]
    next?.click()
    if (next) this.say(next.textContent)
    return Boolean(next)
  }

  // A way back that the page offers in sight comes first; else the words of the row, which have no such button on Home.
  undo(name, targets) {
    const row = this.rowOf(this.row)
    const offered = targets.map((target) => find(target, row ?? main()) ?? find(target, main())).find((one) => one && isInSight(one))
    if (offered) {
      offered.click()
      return true
    }
    if (this.page !== "Home" || !row) return false
    this.ask({ deed: name, shot: this.row, number: Date.now() }, ASK_TIMES)
    return true
  }

  // Streamlit can lose what a component tells while a run is under way: it is told again until it was heard.
  ask(wish, times) {
    if (this.heard === wish.number || !times) return
    this.wish(wish)
    setTimeout(() => this.ask(wish, times - 1), ASK_AGAIN_MS)
  }

  // Out of a field and back to its row, where single keys work again.
  left(target) {
    const isOurs = target.matches?.('[data-testid="stMain"] textarea')
    if (!isOurs) return
    target.blur()
    if (this.page === "Home" && this.row) this.rowOf(this.row)?.querySelector("h2")?.focus({ preventScroll: true })
  }

  say(words) {
    if (this.voice) this.voice.textContent = this.voice.textContent === words ? `${words}\u00a0` : words
  }

  // --- the list of keys

  list() {
    const app = getComputedStyle(document.querySelector('[data-testid="stApp"]'))
    const sheet = document.createElement("dialog")
    sheet.className = "m-keys"
    sheet.setAttribute("aria-labelledby", "m-keys-title")
    sheet.innerHTML = this.sheet
    for (const name of ["colorScheme", "backgroundColor", "color", "fontFamily"]) sheet.style[name] = app[name]
    const isOn = sheet.querySelector("input")
    isOn.checked = !isOff()
    isOn.onchange = () => turn(isOn.checked)
    sheet.querySelector("button").onclick = () => sheet.close()
    sheet.onclick = (event) => event.target === sheet && sheet.close()
    sheet.onclose = () => sheet.remove()
    document.body.append(sheet)
    sheet.showModal()
    return true
  }
}

const main = () => document.querySelector('[data-testid="stMain"]') ?? document.body

const isSeen = (one) => one.checkVisibility?.({ visibilityProperty: true }) ?? one.getClientRects().length > 0

function isInSight(one) {
  const { top, bottom } = one.getBoundingClientRect()
  return bottom > 60 && top < innerHeight - 60
}

function isTyping(target) {
  if (target.matches?.("input")) return !UNTYPED.includes(target.type)
  return Boolean(target.closest?.(TYPED))
}

function find(name, within) {
  const all = within.querySelectorAll(`[class*="st-key-${name}"] :is(button, a, input[type="checkbox"])`)
  return [...all].find((one) => !one.disabled && isSeen(one.closest('[class*="st-key-"]')))
}

function follow([page]) {
  const link = [...document.querySelectorAll('.st-key-nav a[data-testid="stPageLink-NavLink"]')].find((one) => one.textContent.trim() === page)
  if (!link || link.getAttribute("aria-disabled") === "true" || link.hasAttribute("disabled")) return false
  const before = document.title
  link.click()
  setTimeout(() => document.title === before && link.isConnected && link.click(), ARRIVE_MS)
  return true
}

// Such as "g", "shift+g", "mod+z", "arrowleft", "?", "3". A letter that no Latin keyboard has is the one in its place.
function nameOf({ key, code, shiftKey, ctrlKey, metaKey }) {
  const isLetter = /^Key[A-Z]$/.test(code ?? "")
  const name = (isLetter && !/^[a-z]$/i.test(key) ? code.slice(3) : key).toLowerCase()
  const isShifted = shiftKey && (isLetter || name.length > 1)
  return `${ctrlKey || metaKey ? "mod+" : ""}${isShifted ? "shift+" : ""}${name}`
}

function isOff() {
  try { return localStorage.getItem(OFF) !== null } catch { return false }
}

function turn(isOn) {
  try { if (isOn) localStorage.removeItem(OFF); else localStorage.setItem(OFF, "1") } catch { /* a browser that keeps nothing has them on */ }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const keys = (window.__maestroKeys ??= new Keys())
  keys.drawn(parentElement, data, (wish) => setTriggerValue("wish", wish))
}
