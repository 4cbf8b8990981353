/**
 * The sea, the light of day on it, and the air at its rim: rings of a disc that faces the eye, closest together where the
 * colours change fastest. Light is worked out at the rings' corners and blended between: for each pixel it would be most
 * of what a frame costs where the processor draws.
 */
import { GlobeLayer, PARAMETERS, TO_CLIP } from "./base.js";

const CORNERS = 160; // of a ring: a rim of 900 pixels' radius is round to a fifth of a pixel
const SEA_RINGS = 32;
const AIR_RINGS = 14;

// at: in radii of the disc from its middle; target: the same point of the silhouette's plane, in Earth radii
const VERTEX = `
out vec4 ink;
${TO_CLIP}
vec4 air(vec2 at, vec3 sunward) {
  float r = length(at);
  float lit = smoothstep(-0.8, 0.8, dot(vec3(at / r, 0.25), sunward));
  float thin = exp((1.0 - r) * look.falloff), wide = exp((1.0 - r) * look.falloff * 0.24);
  float glow = (thin * mix(0.08, 0.62, lit) + wide * mix(0.04, 0.20, lit)) * smoothstep(look.reach, 1.02, r);
  return vec4(mix(look.haze, look.rim, thin * thin) * glow, glow * look.cover);
}

vec3 sea(vec3 target) {
  vec3 ray = normalize(target - globe.eye);
  float b = dot(globe.eye, ray);
  vec3 n = globe.eye - ray * (b + sqrt(max(0.0, b * b - dot(globe.eye, globe.eye) + 1.0)));
  float sunlight = dot(n, globe.sun), day = smoothstep(-0.20, 0.55, sunlight);
  float grazing = 1.0 + dot(n, ray), g2 = grazing * grazing, g4 = g2 * g2;
  float dusk = max(0.0, 1.0 - abs(sunlight + 0.02) * 4.5);
  float shine = max(0.0, dot(n, normalize(globe.sun - ray)));
  shine *= shine; shine *= shine; shine *= shine; shine *= shine;
  return mix(look.night, look.day, day) + look.dusk * dusk * dusk
    + look.limb * g2 * mix(0.10, 0.34, day) + look.gleam * (g4 * g2 * mix(0.06, 0.55, day) + shine * 0.10 * day);
}

void main(void) {
  int ring = gl_VertexID / ${CORNERS + 1}, corner = gl_VertexID - ring * ${CORNERS + 1};
  float far = length(globe.eye), turn = float(corner) / float(${CORNERS}) * 2.0 * PI;
  vec3 z = globe.eye / far, x = normalize(cross(vec3(0.0, 0.0, 1.0), z)), y = cross(z, x);
  float radius = sqrt(1.0 - 1.0 / (far * far));  // the silhouette is a circle about z / far
  float edge = 0.7 * sqrt(far * far - 1.0) / globe.pixels, beyond = float(ring - ${SEA_RINGS}) / float(${AIR_RINGS});
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

/** Two triangles between each two corners of each two rings. */
function triangles() {
  const data = new Uint16Array((SEA_RINGS + AIR_RINGS) * CORNERS * 6);
  let next = 0;
  for (let ring = 0; ring < SEA_RINGS + AIR_RINGS; ring++) {
    for (let corner = 0; corner < CORNERS; corner++) {
      const a = ring * (CORNERS + 1) + corner;
      const b = a + CORNERS + 1;
      data.set([a, a + 1, b, a + 1, b + 1, b], next);
      next += 6;
    }
  }
  return data;
}

export class OceanLayer extends GlobeLayer {
  static layerName = "OceanLayer";
  /** It comes first, over nothing: there is nothing to blend with. @type {Record<string, unknown>} */
  static defaultProps = { parameters: { type: "object", value: { ...PARAMETERS, blend: false } } };
  static look = {
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
  };

  initializeState() {
    super.initializeState();
    const data = triangles();
    const indices = { usage: luma.Buffer.INDEX, indexType: "uint16", data };
    const indexBuffer = this.keep(this.context.device.createBuffer(indices));
    this.makeModel("rings", VERTEX, FRAGMENT, { topology: "triangle-list", indexBuffer, vertexCount: data.length });
  }
}
