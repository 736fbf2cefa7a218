// A dialog that the user closes closes, and stays closed.

const WATCH_MS = 5000 // by then a run that was under way has been drawn
const CLOSE_AGAIN_MS = 50
const DIALOG = '.stDialog [role="dialog"]'
const OVER_IT = 'dialog[open], [data-baseweb="popover"], [data-testid="stPopoverBody"]' // takes Escape for itself

class Dialogs {
  dismissedAt = -WATCH_MS

  constructor() {
    const touched = (event) => event.isTrusted && this.touched(event)
    for (const deed of ["keydown", "click", "pointerdown"]) addEventListener(deed, touched, { capture: true, passive: true })
    new MutationObserver(() => this.closeAgain()).observe(document.body, { childList: true })
  }

  touched(event) {
    const isLost = isEscapeToNobody(event)
    if (isLost) escape(document.querySelector(DIALOG))
    if (isLost || isClosing(event)) this.dismissedAt = performance.now()
    else if (event.type !== "click") this.dismissedAt = -WATCH_MS // a click belongs to the press before it
  }

  // A run that was under way when the user closed a dialog draws it once more, and Streamlit opens it again: so it is closed again.
  closeAgain() {
    const dialog = document.querySelector(DIALOG)
    if (!dialog || performance.now() > this.dismissedAt + WATCH_MS) return
    dialog.closest(".stDialog").style.visibility = "hidden"
    escape(dialog)
    setTimeout(() => this.closeAgain(), CLOSE_AGAIN_MS) // one that has only just been opened does not listen yet
  }
}

// What had the keyboard went away or was disabled: then the page has it, and the dialog does not hear of the key.
function isEscapeToNobody({ type, key, target }) {
  return type === "keydown" && key === "Escape" && target === document.body && !document.querySelector(OVER_IT)
}

function isClosing({ type, key, target }) {
  const shown = target.closest?.(".stDialog")
  if (!shown) return false
  const isInside = target.closest(DIALOG) !== null
  if (type === "keydown") return key === "Escape" && isInside && target.getAttribute("aria-expanded") !== "true"
  if (type === "pointerdown") return !isInside
  return target.closest(`${DIALOG} > [aria-label="Close"]`) !== null
}

function escape(dialog) {
  dialog?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }))
}

export default function () {
  window.__maestroDialogs ??= new Dialogs()
}
