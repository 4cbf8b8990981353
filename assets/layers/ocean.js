/** The sea, the light of day on it, and the air at its rim: one quad, and a ray through each of its pixels. */
import { GlobeLayer, TO_CLIP } from "./base.js";

// at: in radii of the disc from its middle; target: the same point of the silhouette's plane, in Earth radii
const VERTEX = `
out vec2 at;
out vec3 target;
flat out vec3 sunward;  // the sun, as seen: to the right, up, toward the eye
${TO_CLIP}
void main(void) {
  float far = length(globe.eye);
  vec3 z = globe.eye / far, x = normalize(cross(vec3(0.0, 0.0, 1.0), z)), y = cross(z, x);
  float radius = sqrt(1.0 - 1.0 / (far * far));  // the silhouette is a circle about z / far
  at = (vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0) * look.reach;
  target = z / far + (x * at.x + y * at.y) * radius;
  sunward = vec3(dot(globe.sun, x), dot(globe.sun, y), dot(globe.sun, z));
  gl_Position = toClip(target);
}`;

const FRAGMENT = `
in vec2 at;
in vec3 target;
flat in vec3 sunward;
out vec4 fragColor;

vec4 air(float r) {
  float lit = smoothstep(-0.8, 0.8, dot(vec3(at / r, 0.25), sunward));
  float thin = exp((1.0 - r) * look.falloff), wide = exp((1.0 - r) * look.falloff * 0.24);
  float glow = (thin * mix(0.08, 0.62, lit) + wide * mix(0.04, 0.20, lit)) * smoothstep(look.reach, 1.02, r);
  return vec4(mix(look.haze, look.rim, thin * thin) * glow, glow * look.cover);
}

vec3 sea() {
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
  float r = length(at), edge = fwidth(r);
  float inside = 1.0 - smoothstep(1.0 - edge, 1.0 + edge, r);
  if (inside == 0.0) { fragColor = r < look.reach ? air(r) : vec4(0.0); return; }
  fragColor = vec4(sea(), 1.0) * inside;
  if (inside < 1.0) fragColor += air(max(1.0, r)) * (1.0 - inside);
}`;

export class OceanLayer extends GlobeLayer {
  static layerName = "OceanLayer";
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
    this.makeModel("quad", VERTEX, FRAGMENT, { topology: "triangle-strip", vertexCount: 4 });
  }
}
