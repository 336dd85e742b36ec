// Boxes for the sensor (with a belt clip) and for the Pi. All lengths in mm.
// Print each part as it lies here; PETG or nylon, 3 walls, no support.
//   openscad -D 'part="sensor"' -o sensor.stl hardware/enclosure.scad
part = "sensor";        // sensor, sensor_lid, pi, pi_lid

wall = 1.6;             // four lines of a 0.4 mm nozzle
gap = 0.4;              // between board and box
lip = 1.2;              // the lid's rim reaches so far into the box
fit = 0.15;             // between rim and box

sensor_board = [25.6, 17.8, 4.6];   // LSM6DSOX breakout with its STEMMA QT sockets
pi_board = [65, 30, 13];            // Zero 2 W with header and plugged sockets

belt_height = 40;
belt_thickness = 2.4;
clip = 2.0;             // thickness of the clip's tongue

plug = [6.5, 4.0];      // STEMMA QT cable
usb = [12.5, 8.5];      // micro-USB plug with its sleeve
wires = [20, 4];        // of the sensor, and of motor and button

function outer(board) = [board.x + 2 * (gap + wall), board.y + 2 * (gap + wall), board.z + 2 * gap + wall];

module rounded(size, radius = 2.5) {
    linear_extrude(size.z)
        offset(radius) translate([radius, radius]) square([size.x - 2 * radius, size.y - 2 * radius]);
}

// Open at the top; the board lies at the bottom, on which the clip is, so that it moves as the hip does.
module box(board) {
    size = outer(board);
    difference() {
        rounded(size);
        translate([wall, wall, wall]) cube([size.x - 2 * wall, size.y - 2 * wall, size.z]);
        children();
    }
}

module lid(board) {
    size = outer(board);
    rounded([size.x, size.y, wall]);
    translate([wall + fit, wall + fit, wall]) difference() {
        cube([size.x - 2 * (wall + fit), size.y - 2 * (wall + fit), lip]);
        translate([wall, wall, -1]) cube([size.x - 2 * (2 * wall + fit), size.y - 2 * (2 * wall + fit), lip + 2]);
    }
}

// A tongue beside the box; the belt goes between. Printed lying on its side with the box standing on its edge.
module belt_clip(size) {
    reach = belt_height + 2 * wall;
    translate([0, 0, -belt_thickness - clip]) {
        cube([size.x, reach, clip]);
        cube([size.x, wall + 0.4, belt_thickness + clip + wall]);
        // a bead that keeps the belt from slipping out
        translate([0, reach - 1.2, clip]) rotate([0, 90, 0]) cylinder(h = size.x, r = 0.8, $fn = 24);
    }
    translate([0, 0, 0]) cube([size.x, size.y, wall]);
}

module sensor() {
    size = outer(sensor_board);
    box(sensor_board) {
        for (x = [-1, size.x - wall - 1])   // a socket on either side; one stays free
            translate([x, (size.y - plug.x) / 2, wall + gap]) cube([wall + 2, plug.x, plug.y]);
    }
    belt_clip(size);
}

module pi() {
    size = outer(pi_board);
    box(pi_board) {
        // power: 54 mm from the end with the card, on the long side
        translate([wall + gap + 54 - usb.x / 2, -1, wall]) cube([usb.x, wall + 2, usb.y]);
        translate([-1, (size.y - wires.x) / 2, size.z - wires.y]) cube([wall + 2, wires.x, wires.y + 1]);
        for (x = [14 : 6 : size.x - 14])    // warm air
            translate([x, size.y - wall - 1, wall + 4]) cube([2, wall + 2, 6]);
        for (x = [12, size.x - 12 - 4])     // a band through the bottom straps it to the belt
            translate([x, 5, -1]) cube([4, size.y - 10, 1 + wall + 0.01]);
    }
}

if (part == "sensor") rotate([0, -90, 0]) sensor();
if (part == "sensor_lid") lid(sensor_board);
if (part == "pi") pi();
if (part == "pi_lid") lid(pi_board);
