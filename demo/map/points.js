// The map's points on a canvas: by WebGL, or by Canvas 2D where there is none. A painter is
//   paint({positions, colours, camera: {x, y, scale}, size, paper})
// with positions Float32Array (x, y a point, y up), colours Uint8Array (r, g, b, alpha a point; alpha
// 0 is not shown), the camera's middle and device pixels a unit, the points' size in device pixels.
// Each script's points have a shape, in turn. Large ones show their own picture.
const SHAPES = ["round", "diamond", "triangle"];
const PICTURE_FROM = 15; // device-independent pixels: below, a dot says more than a picture
const VERTEX = `
  attribute vec2 position;
  attribute vec4 colour;
  attribute vec3 told; // index, script, how much taller than written its picture is
  uniform vec2 middle, zoom; // zoom: clip units a unit
  uniform float size, columns;
  varying vec4 tint;
  varying vec2 tile;
  varying float script, stretch;
  void main() {
    gl_Position = colour.a > 0.0 ? vec4((position - middle) * zoom, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
    gl_PointSize = size;
    tint = colour;
    float row = floor((told.x + 0.5) / columns);
    tile = vec2(told.x - row * columns, row);
    script = told.y;
    stretch = told.z;
  }`;
const FRAGMENT = `
  precision highp float;
  uniform sampler2D sprite;
  uniform vec2 tiles; // in the sprite
  uniform vec3 paper;
  uniform float size, picture; // picture: 0 a dot, 1 a picture
  varying vec4 tint;
  varying vec2 tile;
  varying float script, stretch;
  void main() {
    vec2 p = 2.0 * gl_PointCoord - 1.0;
    float shape = mod(script, ${SHAPES.length}.0), up = 0.2 - p.y;
    float far = shape < 0.5 ? length(p) : shape < 1.5 ? (abs(p.x) + abs(p.y)) / 1.2 : max(0.87 * abs(p.x) + 0.5 * up, -up) / 0.58;
    float dot = 1.0 - smoothstep(1.0 - 3.0 / size, 1.0, far);
    vec2 at = 0.5 + 0.5 * p * (stretch > 1.0 ? vec2(1.0, stretch) / 1.2 : vec2(1.0)); // as written
    float inside = step(0.0, at.y) * step(at.y, 1.0);
    float ink = picture > 0.0 ? inside * texture2D(sprite, (tile + at) / tiles).r : 0.0;
    float sheet = 1.0 - smoothstep(0.7, 1.0, length(p));
    float alpha = mix(dot * tint.a, max(ink, 0.75 * sheet) * tint.a, picture);
    gl_FragColor = vec4(mix(tint.rgb, mix(paper, tint.rgb, ink), picture) * alpha, alpha);
  }`;

// A script's shape as a path about (x, y), as large as a round one of radius `wide`.
function trace(context, script, x, y, wide) {
  const corners = {
    diamond: [[1.2, 0], [0, 1.2], [-1.2, 0], [0, -1.2]],
    triangle: [[0, -1], [1, 0.8], [-1, 0.8]],
  }[SHAPES[script % SHAPES.length]];
  context.beginPath();
  if (corners) for (const [a, b] of corners) context.lineTo(x + a * wide, y + b * wide);
  else context.arc(x, y, wide, 0, 7);
  context.closePath();
}

function painterOf(canvas, points) {
  const gl = canvas.getContext("webgl", { premultipliedAlpha: true, antialias: false });
  return gl ? glPainter(gl, points) : flatPainter(canvas.getContext("2d"), points);
}

function glPainter(gl, { scripts, columns, sprite, stretches }) {
  const program = gl.createProgram();
  for (const [type, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  gl.useProgram(program);
  const uniform = (name) => gl.getUniformLocation(program, name);
  const attribute = (name, length, type, normalise) => {
    const [buffer, place] = [gl.createBuffer(), gl.getAttribLocation(program, name)];
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, length, type, normalise, 0, 0);
    let last = null;
    return (array, changed) => {
      if (array === last && !changed) return;
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, (last = array), gl.DYNAMIC_DRAW);
    };
  };
  const position = attribute("position", 2, gl.FLOAT, false);
  const colour = attribute("colour", 4, gl.UNSIGNED_BYTE, true);
  const told = new Float32Array(3 * scripts.length);
  scripts.forEach((script, i) => told.set([i, script, stretches[script]], 3 * i));
  attribute("told", 3, gl.FLOAT, false)(told);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.LUMINANCE, gl.LUMINANCE, gl.UNSIGNED_BYTE, sprite);
  for (const axis of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, axis, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  gl.uniform1f(uniform("columns"), columns);
  gl.uniform2f(uniform("tiles"), sprite.width / SIDE, sprite.height / SIDE);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  const [middle, zoom, size, picture, paper] = ["middle", "zoom", "size", "picture", "paper"].map(uniform);
  return {
    kind: "webgl",
    paint(now) {
      const { width, height } = gl.canvas;
      gl.viewport(0, 0, width, height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      position(now.positions, now.moved);
      colour(now.colours, now.moved);
      gl.uniform2f(middle, now.camera.x, now.camera.y);
      gl.uniform2f(zoom, (2 * now.camera.scale) / width, (2 * now.camera.scale) / height);
      gl.uniform1f(size, now.size);
      gl.uniform1f(picture, Math.min(Math.max((now.size / devicePixelRatio - PICTURE_FROM) / 4, 0), 1));
      gl.uniform3fv(paper, now.paper.map((value) => value / 255));
      gl.drawArrays(gl.POINTS, 0, scripts.length);
    },
    close: () => gl.getExtension("WEBGL_lose_context")?.loseContext(), // a browser keeps few of them
  };
}

function flatPainter(context, { scripts }) {
  return {
    kind: "2d",
    paint({ positions, colours, camera, size }) {
      const { width, height } = context.canvas;
      context.clearRect(0, 0, width, height);
      let last = "";
      for (let i = 0; i < scripts.length; i++) {
        if (!colours[4 * i + 3]) continue;
        const x = width / 2 + (positions[2 * i] - camera.x) * camera.scale;
        const y = height / 2 - (positions[2 * i + 1] - camera.y) * camera.scale;
        if (x < 0 || y < 0 || x > width || y > height) continue;
        const [r, g, b, a] = colours.subarray(4 * i, 4 * i + 4);
        const style = `rgb(${r} ${g} ${b} / ${a / 255})`;
        if (style !== last) context.fillStyle = last = style;
        trace(context, scripts[i], x, y, Math.min(size, 12) / 2);
        context.fill();
      }
    },
    close() {},
  };
}
