// Puts the cursor into a field that has just been opened for it, once per opening.

const WITHIN_MS = 3000
const LOOK_MS = 60

export default function ({ data, parentElement }) {
  const host = parentElement.host ?? parentElement
  if (host.maestroFocused) return
  host.maestroFocused = true
  const until = performance.now() + WITHIN_MS
  const look = setInterval(() => {
    const field = document.querySelector(`[role="dialog"] [class*="st-key-${data.field}-"] input`)
    if (field) {
      field.focus()
      field.select()
    }
    if (document.activeElement === field || performance.now() > until) clearInterval(look)
  }, LOOK_MS)
  return () => clearInterval(look)
}
