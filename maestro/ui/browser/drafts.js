// Keeps what is being typed in one field of the page: in localStorage at every key, on the server after a pause.
// `data`: field (the widget's key), draft (names the text), saved (what is stored), dropped (a draft that the user turned down).
// Tells the server `found` {text, base, shown} when a draft is here that the field does not show, or that was begun on other words.
const PAUSE_MS = 700
// A younger draft may belong to another tab in which somebody types just now.
const YOUNG_MS = 2500
// Words that the field shows and that are not stored by now were sent to a server that was not there.
const LOST_MS = 8000
const MINE_LIMIT = 100
const PREFIX = "maestro-draft:"

export default function ({ data, setTriggerValue, parentElement }) {
  const watch = (parentElement.maestroDraft ??= { timer: 0, wait: 0, offered: "", mine: [], caret: 0, isTyping: false })
  watch.data = data
  watch.tell = (draft) => setTriggerValue("found", draft)
  reconcile(watch)
  if (watch.abort) return watch.stop
  watch.abort = new AbortController()
  watch.stop = () => { clearTimeout(watch.wait); commit(watch); watch.abort?.abort(); watch.abort = null }
  const options = { capture: true, signal: watch.abort.signal }
  const on = (type, act) => document.addEventListener(type, ({ target }) => { if (target === fieldOf(watch)) act(target) }, options)
  on("beforeinput", () => resume(watch))
  on("input", (field) => typed(watch, field))
  on("focusout", () => { watch.isTyping = false })
  for (const type of ["pagehide", "beforeunload"]) window.addEventListener(type, () => commit(watch), options)
  return watch.stop
}

const fieldOf = ({ data }) => document.querySelector(`.st-key-${CSS.escape(data.field)} textarea`)

function read({ data }) {
  try { return JSON.parse(localStorage.getItem(PREFIX + data.draft) ?? "null") } catch { return null }
}

function write({ data }, draft) {
  try { localStorage.setItem(PREFIX + data.draft, JSON.stringify(draft)) } catch { /* full or forbidden: the pause saves it all the same */ }
}

function forget({ data }) {
  try { localStorage.removeItem(PREFIX + data.draft) } catch { /* a browser that keeps nothing has no drafts */ }
}

function typed(watch, field) {
  clearTimeout(watch.timer)
  watch.isTyping = true
  watch.caret = field.selectionStart
  if (!field.value.trim()) { forget(watch); return }
  const before = read(watch)
  const base = before && watch.mine.includes(before.text) ? before.base : watch.data.saved
  watch.mine = [...watch.mine.slice(-MINE_LIMIT), field.value]
  write(watch, { text: field.value, base, at: Date.now() })
  watch.timer = setTimeout(() => commit(watch), PAUSE_MS)
}

// React takes a synthetic Ctrl+Enter for a real one: the field is committed, focus and caret stay.
function commit(watch) {
  clearTimeout(watch.timer)
  const field = fieldOf(watch)
  if (!field || field.disabled || !field.value.trim() || field.value === watch.data.saved) return
  if (read(watch)?.base !== watch.data.saved) { reconcile(watch); return } // changed elsewhere meanwhile: the user has to choose
  const enter = { key: "Enter", code: "Enter", keyCode: 13, ctrlKey: true, bubbles: true, cancelable: true }
  field.dispatchEvent(new KeyboardEvent("keydown", enter))
}

// A draft is done when it is stored or was turned down; otherwise it is offered once, unless the field shows it and saves it itself.
function reconcile(watch) {
  const draft = read(watch)
  const { saved, dropped } = watch.data
  if (!draft) return
  if (draft.text === saved || draft.text === dropped) { forget(watch); return }
  const isMine = watch.mine.includes(draft.text) // another tab's drafts lie in the same place
  if (isMine && watch.mine.includes(saved) && draft.base !== saved) {
    draft.base = saved // what is stored was typed here: the words that follow it are no conflict
    write(watch, draft)
  }
  const again = (pause_ms) => { watch.wait = setTimeout(() => reconcile(watch), pause_ms) }
  const age_ms = Date.now() - draft.at
  clearTimeout(watch.wait)
  const isMoved = isMine && draft.base !== saved // typed here, on words that were changed elsewhere: no need to wait
  if (age_ms < YOUNG_MS && !isMoved) { again(YOUNG_MS - age_ms); return }
  if (isMoved && fieldOf(watch)?.value === saved) putBack(watch, draft.text)
  const isShown = isMine && draft.base === saved && fieldOf(watch)?.value === draft.text
  if (isShown && age_ms < LOST_MS) { commit(watch); again(YOUNG_MS); return }
  const offer = JSON.stringify([draft.text, draft.base, saved])
  if (watch.offered === offer) return
  watch.offered = offer
  watch.tell({ text: draft.text, base: draft.base, shown: fieldOf(watch)?.value === draft.text })
}

// A key follows the one before it, whatever words took the place of what was typed in between: a page draws them when it comes to it.
function resume(watch) {
  const draft = watch.isTyping ? read(watch) : null
  const { saved, dropped } = watch.data
  if (draft && watch.mine.includes(draft.text) && ![saved, dropped].includes(draft.text)) putBack(watch, draft.text)
}

// The stored words took the place of those that are being typed: these come back, and the user will choose.
function putBack(watch, text) {
  const field = fieldOf(watch), { caret } = watch
  if (!field || field.value === text) return
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(field, text) // React notices it so
  field.setSelectionRange(caret, caret)
  field.dispatchEvent(new Event("input", { bubbles: true }))
}
