// Looks at a chosen clip before a byte of it is sent: its name, its MP4 boxes, its duration. A clip that cannot be used never
// reaches the uploader; the server checks again. One that is only too long goes there once the user says that its beginning will do;
// `trimmed` (name/bytes) tells the server so. `data`: scope (class of the uploader's container), max_s, max_bytes, chosen (names
// the clip that was taken: a refusal before it is past).
const APPROVED = "__maestroApproved"
const SLACK_S = 0.05
const MOOV_LIMIT_BYTES = 64 * 2 ** 20
const BOX_LIMIT = 20000
const ELEMENT_LIMIT_MS = 4000

export default function ({ data, parentElement, setStateValue }) {
  const alert = parentElement.querySelector(".m-guard")
  const guard = (parentElement.maestroGuard ??= {})
  if (guard.data && guard.data.chosen !== data.chosen) alert.hidden = true
  guard.data = data
  guard.setStateValue = setStateValue
  if (guard.abort) return guard.stop
  guard.abort = new AbortController()
  guard.stop = () => { guard.abort?.abort(); guard.abort = null }

  const inside = (target) => target instanceof Element && target.closest("." + guard.data.scope)
  const say = (sentence, deed) => { alert.replaceChildren(sentence, ...(deed ? [deed] : [])); alert.hidden = !sentence }

  async function gate(files, input) {
    say("")
    const refusal = await refusalOf(files, guard.data)
    if (!refusal) { pass(files, input); return }
    input.value = ""
    say(refusal.sentence ?? refusal, refusal.isTooLong ? trimButton(files, input) : null)
  }

  function pass(files, input) {
    const transfer = new DataTransfer()
    files.forEach((file) => transfer.items.add(file))
    input.files = transfer.files
    const change = new Event("change", { bubbles: true })
    change[APPROVED] = true
    input.dispatchEvent(change)
  }

  function trimButton(files, input) {
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = `Use its first ${guard.data.max_s} s`
    button.onclick = () => {
      say("")
      guard.setStateValue("trimmed", `${files[0].name}/${files[0].size}`)
      // The page may have drawn another uploader since the clip was chosen.
      pass(files, input.isConnected ? input : document.querySelector(`.${guard.data.scope} input[type=file]`))
    }
    return button
  }

  const options = { capture: true, signal: guard.abort.signal }
  for (const type of ["change", "input"]) {
    window.addEventListener(type, (event) => {
      if (event[APPROVED] || event.target?.type !== "file" || !inside(event.target)) return
      event.stopImmediatePropagation()
      if (type === "change" && event.target.files.length) gate([...event.target.files], event.target)
    }, options)
  }
  window.addEventListener("drop", (event) => {
    const scope = inside(event.target)
    if (!scope || !event.dataTransfer?.files?.length) return
    event.preventDefault()
    event.stopImmediatePropagation()
    const files = [...event.dataTransfer.files]
    event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true, dataTransfer: new DataTransfer() }))
    gate(files, scope.querySelector("input[type=file]"))
  }, options)
  return guard.stop
}

// A sentence why these files cannot be used, or ""; { sentence, isTooLong } when only the length is wrong.
async function refusalOf(files, { max_s, max_bytes }) {
  if (files.length !== 1) return "Choose one clip at a time. Nothing was uploaded."
  const file = files[0]
  const end = "Nothing was uploaded."
  if (!/\.mp4$/i.test(file.name)) return `“${file.name}” is not an mp4. Choose an mp4 of at most ${max_s} s. ${end}`
  if (!file.size) return `“${file.name}” is empty. Choose another mp4. ${end}`
  if (file.size > max_bytes) return `“${file.name}” has ${megabytes(file.size)}; at most ${megabytes(max_bytes)} are allowed. ${end}`
  const found = await look(file, max_s)
  if (!found.isMp4) return `“${file.name}” is named mp4 but is none. Export it as mp4 and choose it again. ${end}`
  if (found.hasNoPicture) return `“${file.name}” has no moving picture in it. Choose another mp4. ${end}`
  const duration_s = found.duration_s || (await elementDuration(file))
  if (!duration_s) return `“${file.name}” does not say how long it lasts. Export it again as mp4. ${end}`
  const lasts = found.isLonger ? `more than ${max_s}` : tooLong(duration_s, max_s)
  if (duration_s <= max_s + SLACK_S) return ""
  return { isTooLong: true, sentence: `“${file.name}” lasts ${lasts} s; a clip may last at most ${max_s} s. ${end} ` }
}

const megabytes = (bytes) => `${Math.ceil(bytes / 1e6)} MB`
// 30.06 s must not be shown as "30.1 s" beside a limit of 30, nor as "30.0 s".
const tooLong = (duration_s, max_s) => (duration_s - max_s < 1 ? duration_s.toFixed(2) : duration_s.toFixed(1))

// Walks the top-level boxes; only headers, `moov` and `moof` are read.
async function look(file, max_s) {
  const found = { isMp4: false, hasNoPicture: false, duration_s: 0 }
  let movie = null
  let offset = 0
  for (let count = 0; offset + 8 <= file.size && count < BOX_LIMIT; count++) {
    const box = await header(file, offset)
    if (!box) break
    if (count === 0) found.isMp4 = box.type === "ftyp"
    if (!found.isMp4) return found
    if (box.type === "moov" && box.size <= MOOV_LIMIT_BYTES) {
      movie = movieOf(await view(file, offset + box.head, offset + box.size))
      found.hasNoPicture = movie.tracks.length > 0 && !movie.picture
      found.duration_s = movie.duration_s
      if (found.duration_s || found.hasNoPicture) return found
    }
    if (box.type === "moof" && movie?.picture) {
      found.duration_s = fragmentEnd(await view(file, offset + box.head, offset + box.size), movie, found.duration_s)
      if (found.duration_s > max_s + SLACK_S) return { ...found, isLonger: true }
    }
    offset += box.size
  }
  return found
}

async function header(file, offset) {
  const bytes = await view(file, offset, offset + 16)
  const type = name(bytes, 4)
  let size = bytes.getUint32(0)
  let head = 8
  if (size === 1 && bytes.byteLength >= 16) { size = Number(bytes.getBigUint64(8)); head = 16 }
  if (size === 0) size = file.size - offset
  return size < head ? null : { type, size, head }
}

const view = async (file, from, to) => new DataView(await file.slice(from, to).arrayBuffer())
const name = (bytes, at) => String.fromCharCode(...[0, 1, 2, 3].map((index) => bytes.getUint8(at + index)))

function* boxes(bytes) {
  for (let offset = 0; offset + 8 <= bytes.byteLength;) {
    const size = bytes.getUint32(offset) || bytes.byteLength - offset
    if (size < 8 || offset + size > bytes.byteLength) return
    yield { type: name(bytes, offset + 4), body: new DataView(bytes.buffer, bytes.byteOffset + offset + 8, size - 8) }
    offset += size
  }
}

const child = (bytes, ...path) => path.reduce((body, type) => body && [...boxes(body)].find((box) => box.type === type)?.body, bytes)
// A field that is 32 bits wide in version 0 of a box and 64 bits in version 1; all ones mean "unknown".
function wide(body, at, atLong) {
  if (!body) return 0
  const isLong = body.getUint8(0) === 1
  const value = isLong ? Number(body.getBigUint64(atLong)) : body.getUint32(at)
  return value >= (isLong ? 2 ** 63 : 0xffffffff) ? 0 : value
}

function movieOf(moov) {
  const head = child(moov, "mvhd")
  const timescale = head ? head.getUint32(head.getUint8(0) === 1 ? 20 : 12) : 0
  const tracks = [...boxes(moov)].filter((box) => box.type === "trak").map((box) => trackOf(box.body))
  const picture = tracks.find((track) => track.kind === "vide")
  const defaults = [...boxes(child(moov, "mvex") ?? new DataView(new ArrayBuffer(0)))].filter((box) => box.type === "trex")
  if (picture) picture.sampleDuration = defaults.find((box) => box.body.getUint32(4) === picture.id)?.body.getUint32(12) ?? 0
  const units = picture?.duration || wide(head, 16, 24) || wide(child(moov, "mvex", "mehd"), 4, 4)
  return { tracks, picture, duration_s: timescale && picture ? units / timescale : 0 }
}

function trackOf(trak) {
  const head = child(trak, "tkhd")
  const isLong = head?.getUint8(0) === 1
  const media = child(trak, "mdia", "mdhd")
  const handler = child(trak, "mdia", "hdlr")
  return {
    id: head?.getUint32(isLong ? 20 : 12) ?? 0,
    duration: wide(head, 20, 28),
    kind: handler ? name(handler, 8) : "",
    timescale: media ? media.getUint32(media.getUint8(0) === 1 ? 20 : 12) : 0,
  }
}

// Where the picture track ends after this fragment, in seconds; never less than `end_s` so far.
function fragmentEnd(moof, { picture }, end_s) {
  for (const { type, body } of boxes(moof)) {
    const head = type === "traf" ? child(body, "tfhd") : null
    if (!head || head.getUint32(4) !== picture.id || !picture.timescale) continue
    const begin = wide(child(body, "tfdt"), 4, 4) || end_s * picture.timescale
    const fallback = defaultDuration(head) || picture.sampleDuration
    const runs = [...boxes(body)].filter((box) => box.type === "trun").map((box) => runDuration(box.body, fallback))
    end_s = Math.max(end_s, (begin + runs.reduce((sum, units) => sum + units, 0)) / picture.timescale)
  }
  return end_s
}

function defaultDuration(tfhd) {
  const flags = tfhd.getUint32(0) & 0xffffff
  if (!(flags & 0x8)) return 0
  return tfhd.getUint32(8 + (flags & 0x1 ? 8 : 0) + (flags & 0x2 ? 4 : 0))
}

function runDuration(trun, fallback) {
  const flags = trun.getUint32(0) & 0xffffff
  const count = trun.getUint32(4)
  if (!(flags & 0x100)) return count * fallback
  const stride = 4 * [0x100, 0x200, 0x400, 0x800].filter((bit) => flags & bit).length
  let at = 8 + (flags & 0x1 ? 4 : 0) + (flags & 0x4 ? 4 : 0)
  let units = 0
  for (let index = 0; index < count && at + 4 <= trun.byteLength; index++, at += stride) units += trun.getUint32(at)
  return units
}

// The browser's own word, for the odd file whose boxes do not tell; 0 when it does not know either.
function elementDuration(file) {
  return new Promise((resolve) => {
    const video = document.createElement("video")
    const url = URL.createObjectURL(file)
    const end = (duration_s) => { URL.revokeObjectURL(url); resolve(Number.isFinite(duration_s) ? duration_s : 0) }
    setTimeout(() => end(0), ELEMENT_LIMIT_MS)
    video.preload = "metadata"
    video.onloadedmetadata = () => end(video.duration)
    video.onerror = () => end(0)
    video.src = url
  })
}
