/**
 * Makes `media/packaged/drawings`: ten kinds of thing drawn as Noto emoji, on white, 96 px, ten of each class
 * for training and all others for test. Run `node media/make/drawings.mjs`; the same bytes come out each time.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const cache = join(root, '.cache', 'drawings')
const out = join(root, 'media', 'packaged', 'drawings')
const size = 96
const shots = 10
const splitSeed = 'noto-drawings-1'

/** Subcategories of emoji-datasource, without the short names that do not show the kind of thing. */
const classes = {
  mammal: { of: ['animal-mammal'], without: 'feet pig_nose unicorn_face guide_dog black_cat' },
  bird: { of: ['animal-bird'], without: 'feather wing phoenix black_bird' },
  plant: { of: ['plant-flower', 'plant-other'], without: 'rosette empty_nest nest_with_eggs mushroom' },
  produce: { of: ['food-fruit', 'food-vegetable'], without: 'brown_mushroom green_apple lime' },
  meal: {
    of: ['food-prepared', 'food-asian'],
    without: 'salt canned_food fortune_cookie sweet_potato meat_on_bone egg',
  },
  vehicle: {
    of: ['transport-ground', 'transport-air', 'transport-water'],
    without:
      'station busstop traffic_light vertical_traffic_light construction rotating_light octagonal_sign wheel ' +
      'oil_drum motorway railway_track skateboard roller_skate motorized_wheelchair manual_wheelchair fuelpump ' +
      'seat satellite flying_saucer parachute ring_buoy anchor airplane_departure airplane_arriving ' +
      'suspension_railway mountain_cableway aerial_tramway mountain_railway monorail',
  },
  building: {
    of: ['place-building', 'place-religious'],
    without: 'building_construction bricks rock wood statue_of_liberty kaaba tokyo_tower',
  },
  clothing: {
    of: ['clothing'],
    without:
      'lipstick ring gem prayer_beads folding_hand_fan hair_pick shopping_bags eyeglasses dark_sunglasses ' +
      'goggles school_satchel purse handbag pouch',
  },
  tool: {
    of: ['tool', 'writing', 'science'],
    without:
      'bomb link compression shield probing_cane magnet boomerang hook scales gear broken_chain chains ' +
      'nut_and_bolt satellite_antenna petri_dish dna memo',
  },
  sport: {
    of: ['sport'],
    without: 'fishing_pole_and_fish running_shirt_with_sash martial_arts_uniform diving_mask goal_net sled',
  },
}

/** The three of Unicode 16 that not every emoji style draws yet. */
const notEverywhere = new Set(['leafless_tree', 'root_vegetable', 'shovel'])

/** Drawings of one shape in other colours: a family lies on one side of the split. */
const families = [
  ['hotel', 'love_hotel'],
  ['baseball', 'softball'],
  ['lower_left_ballpoint_pen', 'lower_left_fountain_pen'],
]

const packages = {
  '@iconify-json/noto@1.2.9':
    'sha512-DQiuXENbun41ch+XPSV55H9FaWKpHTyz46YIKtSaKYD4fIDDzL1tR6H4np/T38jfrTAeI3rcKF0mqHYeZVAuaw==',
  'emoji-datasource@16.0.0':
    'sha512-/qHKqK5Nr3+8zhgO6kHmF43Fm5C8HNn0AaFRIpgw8HF3+uF0Vfc8jgLI1ZQS5ba1vBzksS8NBCjHejwLb2D/Sg==',
}

const integrityOf = (file) => `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`

/** Fetches (once) and unpacks a package, checked against its known digest. */
function fetchPackage(name) {
  const stem = name.replace(/^@/, '').replace(/[/@]/g, '-')
  const file = join(cache, `${stem}.tgz`)
  mkdirSync(cache, { recursive: true })
  if (!existsSync(file)) execFileSync('npm', ['pack', '--silent', '--pack-destination', cache, name])
  const integrity = integrityOf(file)
  if (integrity !== packages[name]) throw new Error(`${name}: other bytes than expected (${integrity})`)
  const folder = join(cache, stem)
  mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['-xzf', file, '-C', folder])
  return join(folder, 'package')
}

const readJson = (...path) => JSON.parse(readFileSync(join(...path), 'utf8'))

/** Icon names by code points, variation selectors left out. */
function iconNames(noto) {
  const plain = (codes) =>
    codes
      .toLowerCase()
      .split('-')
      .filter((code) => code !== 'fe0f')
      .join('-')
  const names = new Map(
    Object.entries(readJson(noto, 'chars.json')).map(([code, name]) => [plain(code), name]),
  )
  return (emoji) => names.get(plain(emoji.unified))
}

function svgOf(icons, name) {
  const icon = icons.icons[name] ?? icons.icons[icons.aliases[name]?.parent]
  const { left = 0, top = 0, width = icons.width, height = icons.height } = icon
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
    `width="${size}" height="${size}" viewBox="${left} ${top} ${width} ${height}">${icon.body}</svg>`
  )
}

const render = (svg) =>
  sharp(Buffer.from(svg))
    .flatten({ background: 'white' })
    .png({ palette: true, colours: 256, dither: 0, compressionLevel: 9, effort: 10 })
    .toBuffer()

const familyOf = (name) => families.find((family) => family.includes(name)) ?? [name]

/** Fixed order that does not depend on the rest of the list; families stay together. */
function rank(name) {
  const [first] = familyOf(name)
  return `${createHash('sha256').update(`${splitSeed}/${first}`).digest('hex')}/${name}`
}

const noto = fetchPackage('@iconify-json/noto@1.2.9')
const datasource = fetchPackage('emoji-datasource@16.0.0')
const icons = readJson(noto, 'icons.json')
const emoji = readJson(datasource, 'emoji.json')
const iconName = iconNames(noto)

rmSync(out, { recursive: true, force: true })
let images = 0
let bytes = 0
for (const [label, { of, without }] of Object.entries(classes)) {
  const left = new Set(without.split(' '))
  const names = emoji
    .filter((one) => of.includes(one.subcategory))
    .filter((one) => !left.has(one.short_name) && !notEverywhere.has(one.short_name))
    .sort((a, b) => rank(a.short_name).localeCompare(rank(b.short_name), 'en'))
  const trained = new Set(names.slice(0, shots).map((one) => one.short_name))
  for (const family of families) {
    const inside = family.filter((name) => trained.has(name)).length
    if (inside > 0 && inside < family.length) throw new Error(`The split parts ${family.join(' and ')}`)
  }
  for (const one of names) {
    const folder = join(out, trained.has(one.short_name) ? 'train' : 'test', label)
    const png = await render(svgOf(icons, iconName(one)))
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${one.short_name}.png`), png)
    images++
    bytes += png.length
  }
}

writeFileSync(
  join(out, 'NOTICE.txt'),
  `The images in this folder are drawings of Noto Emoji, (c) Google Inc, licensed under the Apache License 2.0
(https://github.com/googlefonts/noto-emoji), taken from the npm package @iconify-json/noto 1.2.9, rendered on
white at ${size} x ${size} pixels by media/make/drawings.mjs. They are otherwise unchanged.

The names of files and the grouping into classes come from emoji-datasource 16.0.0
(https://github.com/iamcal/emoji-data), under this licence:

${readFileSync(join(datasource, 'LICENSE'), 'utf8').trim()}
`,
)
console.log(`${images} images, ${(bytes / 1e6).toFixed(2)} MB`)
