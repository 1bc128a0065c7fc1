export { bestOf, mainCurve, type MainPoint } from "@engraft/core/rounds/main-curve";
