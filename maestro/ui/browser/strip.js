// The clip as a strip of small pictures, one of which is looked at. `data`: frames ({index, at, src, cut}), ratio (of all of
// them, as in CSS), looked (index), used ({index: words}). Tells `picked` the index of a picture that was clicked, or reached with the arrow keys.
const SETTLE_MS = 250 // who holds an arrow key down wants the picture at which it stops

export default function ({ data, parentElement, setTriggerValue }) {
  const strip = parentElement.querySelector(".m-strip")
  const kept = (parentElement.maestroStrip ??= { drawn: "", timer: null })
  const drawn = data.frames.map(({ index }) => index).join()
  if (kept.drawn !== drawn) {
    strip.replaceChildren(...data.frames.map((frame) => cell(frame, data.ratio)))
    kept.drawn = drawn
    kept.looked = null
  }
  const cells = [...strip.children]
  const nearest = cells.reduce((best, one) => (distance(one) < distance(best) ? one : best), cells[0])
  const isNew = kept.looked !== data.looked
  kept.looked = data.looked
  mark(nearest)
  if (isNew) show(nearest)
  for (const one of cells) {
    const words = data.used[one.dataset.index]
    one.dataset.used = words ?? ""
    one.classList.toggle("is-used", Boolean(words))
  }

  function distance(one) { return Math.abs(one.dataset.index - data.looked) }

  function mark(chosen) {
    for (const one of strip.children) {
      one.setAttribute("aria-selected", one === chosen)
      one.tabIndex = one === chosen ? 0 : -1
    }
  }

  // Only the strip itself scrolls, never the page.
  function show(one) { strip.scrollLeft = one.offsetLeft - strip.offsetLeft - (strip.clientWidth - one.offsetWidth) / 2 }

  function tell(one, wait_ms) {
    clearTimeout(kept.timer)
    kept.timer = setTimeout(() => setTriggerValue("picked", Number(one.dataset.index)), wait_ms)
  }

  strip.onclick = (event) => {
    const one = event.target.closest("[role=option]")
    if (one) { mark(one); tell(one, 0) }
  }
  strip.onkeydown = (event) => {
    const here = [...strip.children].indexOf(document.activeElement)
    const steps = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: strip.children.length - 1 }
    const next = strip.children[steps[event.key]]
    if (here < 0 || !(event.key in steps)) return
    event.preventDefault()
    if (!next) return
    mark(next)
    next.focus({ preventScroll: true })
    show(next)
    tell(next, SETTLE_MS)
  }
}

function cell({ index, at, src, cut }, ratio) {
  const one = document.createElement("div")
  one.role = "option"
  one.dataset.index = index
  one.classList.toggle("is-cut", cut)
  one.title = cut ? `${at}, first frame after a cut` : at
  const picture = document.createElement("img")
  picture.src = src
  picture.alt = cut ? `Frame at ${at}, after a cut` : `Frame at ${at}`
  picture.draggable = false
  picture.style.aspectRatio = ratio // it has its width before it is loaded, and the strip can be scrolled to it
  const time = document.createElement("span")
  time.textContent = at.replace(/^00:/, "") // the small pictures have no room for minutes that are not there
  time.ariaHidden = "true"
  one.append(picture, time)
  return one
}
