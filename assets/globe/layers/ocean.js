/**
 * The sea, the daylight on it, and the air at its rim: rings of a disc that faces the eye, closest together where colours
 * change fastest. Light is computed at the rings' corners and interpolated, because per pixel it would be most of the cost
 * of a frame on software renderers. With `clear`, what is behind the page shows through the air.
 */
import { discPixels, GlobeLayer, PARAMETERS, TO_CLIP } from "./base.js";

const SEA_RINGS = 31;
const AIR_RINGS = 16;
const TURN = 384; // a vertex id has its ring and, in the low nine bits, its angle as a fraction of this
const CORNERS = [64, 96, 128, 192, TURN]; // of a ring: as few as keep the rim round
const FINE = 192; // with this many corners all rings are drawn, with fewer only these:
const FEW = [0, 4, 8, 12, 16, 19, 22, 25, 27, 30, 32, 34, 36, 38, 41, 46];
const ROUND_PX = 0.35;
const RIM = { all: 2, half: 13 }; // this many rings from the rim have all of their corners, or half of them

// at: in radii of the disc from its centre; target: the same point on the silhouette's plane, in Earth radii
// webapp/graphics/cardglobe.py has the same formulas for pictures, and lighting.py the numbers of both
const VERTEX = `
out vec4 ink;
${TO_CLIP}
vec4 air(vec2 at, vec3 sunward) {
  float r = length(at);
  float lit = smoothstep(-0.8, 0.8, dot(vec3(at / r, 0.25), sunward));
  float thin = exp((1.0 - r) * look.falloff), wide = exp((1.0 - r) * look.falloff * 0.24);
  float glow = (thin * mix(look.thin.x, look.thin.y, lit) + wide * mix(look.wide.x, look.wide.y, lit)) * smoothstep(look.reach, 1.02, r);
  float bare = 1.0 - glow * look.cover;
  return vec4(mix(look.haze, look.rim, thin * thin) * glow + look.ground * bare * (1.0 - look.clear), 1.0 - bare * look.clear);
}

vec3 sea(vec3 target) {
  vec3 ray = normalize(target - globe.eye);
  float b = dot(globe.eye, ray);
  vec3 n = globe.eye - ray * (b + sqrt(max(0.0, b * b - dot(globe.eye, globe.eye) + 1.0)));
  float sunlight = dot(n, globe.sun), day = smoothstep(look.dayEdges.x, look.dayEdges.y, sunlight);
  float grazing = 1.0 + dot(n, ray), g2 = grazing * grazing, g4 = g2 * g2;
  float dusk = max(0.0, 1.0 - abs(sunlight - look.duskAt.x) * look.duskAt.y);
  float shine = max(0.0, dot(n, normalize(globe.sun - ray)));
  shine *= shine; shine *= shine; shine *= shine; shine *= shine;
  return mix(look.night, look.day, day) + look.dusk * dusk * dusk
    + look.limb * g2 * mix(look.limbLit.x, look.limbLit.y, day)
    + look.gleam * (g4 * g2 * mix(look.gleamLit.x, look.gleamLit.y, day) + shine * 0.10 * day);
}

void main(void) {
  int ring = gl_VertexID >> 9;
  float far = length(globe.eye), turn = float(gl_VertexID & 511) / ${TURN}.0 * 2.0 * PI;
  vec3 z = globe.eye / far, x = normalize(cross(vec3(0.0, 0.0, 1.0), z)), y = cross(z, x);
  float radius = sqrt(1.0 - 1.0 / (far * far));  // the silhouette is a circle about z / far
  float edge = 0.7 * sqrt(far * far - 1.0) / globe.pixels, beyond = float(ring - ${SEA_RINGS}) / ${AIR_RINGS - 1}.0;
  float r = ring < ${SEA_RINGS}
    ? sin(float(ring) / float(${SEA_RINGS - 1}) * 0.5 * PI) * (1.0 - edge)
    : 1.0 + edge + (look.reach - 1.0) * beyond * beyond;
  vec2 at = vec2(cos(turn), sin(turn)) * r;
  vec3 target = z / far + (x * at.x + y * at.y) * radius;
  ink = ring < ${SEA_RINGS}
    ? vec4(sea(target), 1.0)
    : air(at, vec3(dot(globe.sun, x), dot(globe.sun, y), dot(globe.sun, z)));
  gl_Position = toClip(target);
}`;

const FRAGMENT = `
in vec4 ink;
out vec4 fragColor;
void main(void) { fragColor = ink; }`;

/** How many corners a ring needs to look round. @param {number} radius  of the disc, in device pixels */
export function cornersFor(radius) {
  return CORNERS.find((corners) => (radius * (Math.PI / corners) ** 2) / 2 < ROUND_PX) ?? TURN;
}

/** The triangles between the rings, fewer where colours change slowly. @param {number} corners  of the rim */
export function triangles(corners) {
  const drawn = corners < FINE ? FEW : Array.from({ length: SEA_RINGS + AIR_RINGS }, (_, ring) => ring);
  const rings = drawn.map((ring) => ({ start: ring << 9, turn: turnOf(ring, corners) }));
  const indices = [];
  for (const [i, far] of rings.slice(1).entries()) {
    const near = rings[i];
    const [coarse, fine] = near.turn > far.turn ? [near, far] : [far, near];
    for (let from = 0; from < TURN; from += coarse.turn) {
      const [to, next] = [from + coarse.turn, from + fine.turn];
      indices.push(coarse.start | from, fine.start | from, fine.start | next);
      indices.push(coarse.start | from, fine.start | next, coarse.start | to);
      if (next < to) indices.push(coarse.start | to, fine.start | next, fine.start | to);
    }
  }
  return Uint16Array.from(indices);
}

/** The angle from one corner of a ring to the next. @param {number} ring @param {number} corners  of the rim */
function turnOf(ring, corners) {
  const away = Math.abs(ring - SEA_RINGS + 1);
  return (TURN / corners) * (away <= RIM.all ? 1 : away <= RIM.half ? 2 : 4);
}

export class OceanLayer extends GlobeLayer {
  static layerName = "OceanLayer";
  /** It is drawn first, so there is nothing to blend with. @type {Record<string, unknown>} */
  static defaultProps = { parameters: { type: "object", value: { ...PARAMETERS, blend: false } } };
  static look = {
    ground: "vec3",
    night: "vec3",
    reach: "float",
    day: "vec3",
    falloff: "float",
    dusk: "vec3",
    haze: "vec3",
    rim: "vec3",
    limb: "vec3",
    gleam: "vec3",
    cover: "float",
    thin: "vec2",
    wide: "vec2",
    limbLit: "vec2",
    gleamLit: "vec2",
    dayEdges: "vec2",
    duskAt: "vec2",
    clear: "float",
  };

  initializeState() {
    super.initializeState();
    this.makeModel("rings", VERTEX, FRAGMENT, { topology: "triangle-list", vertexCount: 0 });
    this.setState({ corners: 0 });
  }

  /** @param {any} model */
  prepare(model) {
    const corners = cornersFor(discPixels(this.props.view));
    if (corners === this.state.corners) return;
    const data = triangles(corners);
    model.setIndexBuffer(
      this.once(corners, (device) => device.createBuffer({ usage: luma.Buffer.INDEX, indexType: "uint16", data })),
    );
    model.setVertexCount(data.length);
    this.state.corners = corners;
  }
}
